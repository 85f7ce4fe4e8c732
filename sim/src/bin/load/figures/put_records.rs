//! PutRecords: the peak in both encodings, what it costs, what is written for it, and latencies at half of it.

use super::{BATCH_CONNECTIONS, Context, Processor, SHARDS, batches, latencies, payload, warm};
use crate::paced;
use crate::process::written_bytes;
use crate::report::Report;
use crate::request::{BATCH_RECORDS, Encoding, Form, RECORD_BYTES};
use crate::server::Server;

pub(crate) async fn measure(context: &Context, report: &mut Report) -> Result<(), String> {
    for (encoding, key, what) in
        [(Encoding::Json, "put_records", "PutRecords"), (Encoding::Cbor, "put_records_cbor", "PutRecords, CBOR")]
    {
        // Each on an empty log, so that neither gets files that the other has made ready.
        let server = context.server()?;
        server.create_stream("batches", SHARDS).await?;
        peak(context, report, &server, encoding, key, what).await?;
    }
    Ok(())
}

async fn peak(
    context: &Context,
    report: &mut Report,
    server: &Server,
    encoding: Encoding,
    key: &str,
    what: &str,
) -> Result<(), String> {
    let form = Form::full(encoding);
    let how = format!("{BATCH_RECORDS} x {RECORD_BYTES} B a call, {BATCH_CONNECTIONS} connections");
    let written_before = written_bytes(server.pid());
    let run = batches(&server.target, "batches", encoding, context.duration);
    let (processor, own) = (Processor::of(server.pid()), Processor::of(std::process::id()));
    let outcome = warm(&run).await?;
    // The second of warming up is in both times, so it is in the payload as well.
    let seconds = context.duration.as_secs_f64();
    let bytes = outcome.requests as f64 * form.payload() as f64 * (seconds + 1.0) / seconds;
    report.figure(key, what, payload(&outcome, form), "MB/s", &how);
    latencies(report, &outcome, key, &format!("{what}, peak:"), &how);
    processor.report(report, &format!("{key}_cpu"), &format!("{what}: server"), bytes);
    own.report(report, &format!("{key}_load_cpu"), &format!("{what}: generator"), bytes);
    if let (Encoding::Json, Some(before), Some(after)) = (encoding, written_before, written_bytes(server.pid())) {
        let how = "write_bytes of the process, with segments made ahead, from an empty directory";
        report.figure("written", "bytes written per byte of payload", (after - before) / bytes, "", how);
    }

    let rate = outcome.per_second() / 2.0;
    let half = paced::drive(&run, rate)?;
    let how = format!("at half of the peak ({:.0} MB/s), counted from when a call was due", payload(&half, form));
    latencies(report, &half, &format!("{key}_half"), &format!("{what}, half load:"), &how);
    Ok(())
}
