//! The generator against a server that does nothing: what it could measure at most on this machine.

use std::time::Duration;

use super::{BATCH_CONNECTIONS, Context, SHARDS, SINGLE_CONNECTIONS, batches, latencies, payload, singles};
use crate::paced;
use crate::process::Sink;
use crate::read::{self, Until};
use crate::report::Report;
use crate::request::{Encoding, Form, RECORD_BYTES, Target};

/// Below this ratio of sink to server, the generator may have been what was measured.
const HEADROOM: f64 = 1.5;
const TAKE: Duration = Duration::from_secs(2);
/// Of the paced run: about half of what a server under test takes.
const PACE: f64 = 20_000.0;

pub(crate) async fn measure(_: &Context, report: &mut Report) -> Result<(), String> {
    let sink = Sink::start()?;
    let anybody = "load".to_owned();
    let target = Target {
        authority: sink.authority.clone(),
        access_key_id: anybody.clone(),
        secret_access_key: anybody,
        region: "us-east-1".to_owned(),
    };
    let how = format!("the generator's own limit: {BATCH_CONNECTIONS} connections, a server that only answers");
    for (encoding, key, what) in [
        (Encoding::Json, "sink_put_records", "sink: PutRecords"),
        (Encoding::Cbor, "sink_put_records_cbor", "sink: PutRecords, CBOR"),
    ] {
        let outcome = batches(&target, "sink", encoding, TAKE).drive().await?;
        report.figure(key, what, payload(&outcome, Form::full(encoding)), "MB/s", &how);
    }
    let run = singles(&target, "sink", SINGLE_CONNECTIONS, TAKE);
    let outcome = run.drive().await?;
    let how = format!("{SINGLE_CONNECTIONS} connections");
    report.figure("sink_put_record", "sink: PutRecord", outcome.per_second(), "1/s", &how);
    let outcome = paced::drive(&run, PACE)?;
    let how = format!("the generator's own share of latencies, {PACE:.0}/s");
    latencies(report, &outcome, "sink_put_record_paced", "sink: PutRecord, paced:", &how);
    let reading = read::drive(&target, "sink", 0..SHARDS, "TRIM_HORIZON", Until::Elapsed(TAKE)).await?;
    let how = format!("GetRecords, {SHARDS} connections, bodies are counted and dropped");
    report.figure("sink_tail", "sink: GetRecords", reading.megabytes_per_second(RECORD_BYTES), "MB/s", &how);
    Ok(())
}

/// Says for each figure whether the generator could have been its limit.
pub(crate) fn verdict(report: &Report) {
    for (server, sink) in [
        ("put_records", "sink_put_records"),
        ("put_records_cbor", "sink_put_records_cbor"),
        ("put_record", "sink_put_record"),
        ("tail", "sink_tail"),
    ] {
        let (Some(server_value), Some(sink_value)) = (report.value(server), report.value(sink)) else { continue };
        let ratio = sink_value / server_value;
        let doubt = if ratio < HEADROOM { ": too close, the generator may be what was measured" } else { "" };
        println!("{server}: the generator does {ratio:.1} times as much against the sink{doubt}");
    }
}
