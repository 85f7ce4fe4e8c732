//! A hundred thousand shards: how fast a server with them starts, and what it holds in memory.

use std::sync::Arc;
use std::time::Duration;

use super::Context;
use crate::drive::Run;
use crate::report::Report;
use crate::request::{BATCH_RECORDS, Encoding, Form};
use crate::time::sleep;

/// A stream has 20,000 shards at most.
const STREAMS: [&str; 5] = ["many-0", "many-1", "many-2", "many-3", "many-4"];
const SHARDS_EACH: usize = 20_000;
/// Small records over random keys, so that most shards have some.
const FORM: Form = Form { encoding: Encoding::Json, records: BATCH_RECORDS, bytes: 100 };
const BATCHES: usize = 400;

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let mut server = context.server()?;
    for stream in STREAMS {
        server.create_stream(stream, SHARDS_EACH).await?;
    }
    let run = Run {
        authority: server.target.authority.clone(),
        requests: Arc::new(server.target.put_records(&STREAMS, FORM, BATCHES)),
        records: FORM.records,
        connections: 4,
        duration: Duration::from_secs(60),
        turns: BATCHES / 4,
    };
    run.drive().await?;
    server.kill();
    let took = server.start_again()?;
    server.call("DescribeStreamSummary", &format!("{{\"StreamName\":\"{}\"}}", STREAMS[4])).await?;
    sleep(Duration::from_secs(2)).await;
    let shards = STREAMS.len() * SHARDS_EACH;
    let how = format!("{shards} shards in {} streams, {} records in them", STREAMS.len(), BATCHES * BATCH_RECORDS);
    report.figure("shards_start", "100,000 shards: start after kill -9", took.as_secs_f64(), "s", &how);
    if let Some(memory) = server.memory_mb() {
        report.figure("shards_rss", "100,000 shards: memory", memory, "MB", "VmRSS, 2 s after that start");
    }
    Ok(())
}
