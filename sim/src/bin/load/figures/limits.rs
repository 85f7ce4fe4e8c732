//! What the machine can do, taken in the same run as everything else.

use super::Context;
use crate::machine;
use crate::report::Report;

pub(crate) fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let folder = context.scratch.display();
    let fault = |error: std::io::Error| format!("{folder}: {error}");
    for (key, block) in [("fdatasync_64k", 64 << 10), ("fdatasync_1m", 1 << 20)] {
        let value = machine::fdatasync(&context.scratch, block).map_err(fault)?;
        let what = format!("fdatasync, {} KiB", block >> 10);
        report.figure(key, &what, value, "MB/s", "one writer, pre-zeroed file on the disk of the data directory");
    }
    report.figure("sha256", "SHA-256", machine::sha256(), "MB/s", "one core, aws-lc-rs");
    let loopback = machine::loopback().map_err(|error| format!("loopback: {error}"))?;
    report.figure("loopback", "loopback", loopback, "MB/s", "one TCP connection, 256 KiB writes");
    Ok(())
}
