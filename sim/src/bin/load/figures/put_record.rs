//! PutRecord: single records at the peak and at half of it.

use super::{Context, Processor, SHARDS, SINGLE_CONNECTIONS, latencies, singles, warm};
use crate::paced;
use crate::report::Report;
use crate::request::RECORD_BYTES;

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    let server = context.server()?;
    server.create_stream("singles", SHARDS).await?;
    let run = singles(&server.target, "singles", SINGLE_CONNECTIONS, context.duration);
    let outcome = warm(&run).await?;
    let how = format!("1 x {RECORD_BYTES} B a call, {SINGLE_CONNECTIONS} connections");
    report.figure("put_record", "PutRecord", outcome.per_second(), "1/s", &how);
    latencies(report, &outcome, "put_record", "PutRecord, peak:", &how);

    let rate = outcome.per_second() / 2.0;
    let processor = Processor::of(server.pid());
    let half = paced::drive(&run, rate)?;
    let how = format!("at half of that ({rate:.0}/s), counted from when a call was due");
    latencies(report, &half, "put_record_half", "PutRecord, half load:", &how);
    let bytes = half.requests as f64 * RECORD_BYTES as f64;
    processor.report(report, "put_record_half_cpu", "PutRecord, half load: server", bytes);
    Ok(())
}
