//! A log of gigabytes: the start after kill -9, and one shard of 64 read back from the disk alone.

use std::sync::Arc;
use std::time::Duration;

use super::{Context, batches, fill};
use crate::drive::Run;
use crate::machine;
use crate::read::{self, Until};
use crate::report::Report;
use crate::request::{Encoding, RECORD_BYTES};
use crate::server::Server;
use crate::time::now;

const SHARDS: usize = 64;

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let mut server = context.server()?;
    server.create_stream("stored", SHARDS).await?;
    let acknowledged = fill(&server.target, "stored", context.stored_gb * 1e9).await?;
    kill_under_load(&mut server).await;
    let before = now();
    let listening = server.start_again()?;
    // The next call after the start has to be answered, or the start was none.
    server.call("ListStreams", "{}").await?;
    let served = before.elapsed();
    let stored = acknowledged as f64 * RECORD_BYTES as f64 / 1e9;
    let how = format!(
        "{stored:.1} GB stored, killed under load, until the first answer ({:.0} ms until it listens)",
        listening.as_secs_f64() * 1000.0
    );
    report.figure("restart", "restart after kill -9", served.as_secs_f64(), "s", &how);
    cold(report, &mut server, acknowledged).await
}

/// Ends the process in the middle of writes, so that there is a torn end to recover from.
async fn kill_under_load(server: &mut Server) {
    let run = Run { connections: 4, ..batches(&server.target, "stored", Encoding::Json, Duration::from_secs(10)) };
    let load = tokio::spawn(async move { Run { requests: Arc::clone(&run.requests), ..run }.drive().await });
    crate::time::sleep(Duration::from_millis(700)).await;
    server.kill();
    // Its requests fail, as they should.
    let _ = load.await;
}

async fn cold(report: &mut Report, server: &mut Server, acknowledged: u64) -> Result<(), String> {
    // Started anew, so that the server itself remembers nothing either.
    server.kill();
    server.start_again()?;
    if let Err(error) = machine::drop_caches() {
        report.remark(format!("GetRecords, cold: left out, the page cache cannot be dropped: {error}"));
        return Ok(());
    }
    let disk = machine::sequential_read(server.data()).map_err(|error| format!("reading segments: {error}"))?;
    report.figure("disk_read", "disk read", disk, "MB/s", "one reader, 1 MiB blocks, the log's own files, cold cache");
    machine::drop_caches().map_err(|error| format!("dropping caches: {error}"))?;
    let one = read::drive(&server.target, "stored", 0..1, "TRIM_HORIZON", Until::Tip).await?;
    // Random keys spread evenly; a shard with far fewer records than its share has lost some.
    let share = acknowledged as f64 / SHARDS as f64;
    if (one.records as f64) < share * 0.9 {
        return Err(format!("a shard has {} records, its share is {share:.0}", one.records));
    }
    let rate = one.megabytes_per_second(RECORD_BYTES);
    let how = format!(
        "one shard of {SHARDS} ({:.0} MB), one connection, cold cache",
        one.records as f64 * RECORD_BYTES as f64 / 1e6
    );
    report.figure("cold", "GetRecords, cold", rate, "MB/s", &how);
    report.figure("cold_share", "GetRecords, cold: share of disk read", rate / disk * 100.0, "%", &how);
    Ok(())
}
