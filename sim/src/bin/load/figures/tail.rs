//! GetRecords of the tail: the newest records over and over, in the largest pages.

use super::{Context, Processor, SHARDS, fill};
use crate::read::{self, Until};
use crate::report::Report;
use crate::request::RECORD_BYTES;

/// Payload that is put and read again and again; the issue of a reader that keeps up, not of one that is behind.
const TAIL_BYTES: f64 = 160e6;

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let server = context.server()?;
    server.create_stream("tail", SHARDS).await?;
    let acknowledged = fill(&server.target, "tail", TAIL_BYTES).await?;
    let processor = Processor::of(server.pid());
    let until = Until::Elapsed(context.duration);
    let reading = read::drive(&server.target, "tail", 0..SHARDS, "TRIM_HORIZON", until).await?;
    if !reading.complete || reading.first_pass != acknowledged {
        return Err(format!("{acknowledged} records were acknowledged and {} read back", reading.first_pass));
    }
    let how = format!("pages up to 10 MiB, {SHARDS} connections, one a shard; first pass held against what was put");
    report.figure("tail", "GetRecords, tail", reading.megabytes_per_second(RECORD_BYTES), "MB/s", &how);
    let bytes = reading.records as f64 * RECORD_BYTES as f64;
    processor.report(report, "tail_cpu", "GetRecords, tail: server", bytes);
    Ok(())
}
