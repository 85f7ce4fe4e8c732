//! The order of a benchmark: the machine, the generator against the sink, then the same load against the server.
//!
//! Owns what is measured. Read next: `drive.rs` for how, `report.rs` for how it is told.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::Connection;
use crate::drive::{Outcome, Run, check};
use crate::process::{Sink, cpu_seconds};
use crate::report::Report;
use crate::request::{BATCH_RECORDS, RECORD_BYTES, Target};
use crate::{Bench, machine, read, time};

const SHARDS: usize = 4;
const BATCH_CONNECTIONS: usize = 16;
const SINGLE_CONNECTIONS: usize = 64;
/// Different requests that take turns: more than any cache of the server could profit from.
const BATCH_POOL: usize = 64;
const SINGLE_POOL: usize = 8192;
const BATCH_BYTES: f64 = (BATCH_RECORDS * RECORD_BYTES) as f64;
const MEGABYTE: f64 = 1e6;
const WARM_UP: Duration = Duration::from_secs(1);
/// Below this ratio of sink to server, the generator may have been what was measured.
const HEADROOM: f64 = 1.5;

/// Measures everything and prints one table.
pub(crate) async fn run(options: Bench) -> Result<(), String> {
    let authority = options.endpoint.strip_prefix("http://").ok_or("the endpoint is no http:// URL")?.to_owned();
    let target = Target {
        authority,
        access_key_id: options.access_key_id.clone(),
        secret_access_key: options.secret_access_key.clone(),
        region: options.region.clone(),
    };
    let duration = Duration::from_secs(options.seconds);
    let mut report = Report::default();
    conditions(&mut report, &options);
    limits(&mut report, &options)?;
    sink(&mut report, &target).await?;
    server(&mut report, &target, options.server_pid, duration).await?;
    report.print();
    verdict(&report);
    if let Some(path) = &options.json {
        let text = format!("{:#}\n", report.to_json());
        std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn conditions(report: &mut Report, options: &Bench) {
    report.condition("date", wire::sigv4::amz_date(time::wall_millis()));
    report.condition("machine", machine::describe());
    report.condition("commands", format!("cargo xtask bench --seconds {}", options.seconds));
    report.condition("server", "release build, `thalweg serve --listen 127.0.0.1:0 --data-dir DIR`, defaults");
    report
        .condition("durability", "each acknowledgement after fdatasync of the log (group commit), one copy, one disk");
    report.condition("load", "same machine, own process, loopback HTTP/1.1, requests built and signed ahead");
    report.condition("payload", format!("{RECORD_BYTES} random bytes a record, random keys, {SHARDS} shards"));
}

fn limits(report: &mut Report, options: &Bench) -> Result<(), String> {
    eprintln!("load: the machine's limits");
    let folder = options.scratch.display();
    for (key, block) in [("fdatasync_64k", 64 << 10), ("fdatasync_1m", 1 << 20)] {
        let value = machine::fdatasync(&options.scratch, block).map_err(|error| format!("{folder}: {error}"))?;
        let what = format!("fdatasync, {} KiB", block >> 10);
        report.figure(key, &what, value, "MB/s", &format!("one writer, pre-zeroed file in {folder}"));
    }
    report.figure("sha256", "SHA-256", machine::sha256(), "MB/s", "one core, aws-lc-rs");
    let loopback = machine::loopback().map_err(|error| format!("loopback: {error}"))?;
    report.figure("loopback", "loopback", loopback, "MB/s", "one TCP connection, 256 KiB writes");
    Ok(())
}

/// The generator against a server that does nothing.
async fn sink(report: &mut Report, target: &Target) -> Result<(), String> {
    eprintln!("load: the generator against the sink");
    let sink = Sink::start()?;
    let target = Target { authority: sink.authority.clone(), ..target.clone() };
    let duration = Duration::from_secs(3);
    let batches = batches(&target, duration).drive().await?;
    let how = format!("the generator's own limit: PutRecords, {BATCH_CONNECTIONS} connections");
    report.figure("sink_put_records", "sink: PutRecords", payload(&batches), "MB/s", &how);
    let singles = singles(&target, duration, None).drive().await?;
    let how = format!("PutRecord, {SINGLE_CONNECTIONS} connections");
    report.figure("sink_put_record", "sink: PutRecord", singles.per_second(), "1/s", &how);
    let (outcome, records) = read::drive(&target, "sink", SHARDS, duration).await?;
    let how = format!("GetRecords, {SHARDS} connections");
    report.figure("sink_get_records", "sink: GetRecords", read_rate(&outcome, records), "MB/s", &how);
    Ok(())
}

async fn server(report: &mut Report, target: &Target, pid: u32, duration: Duration) -> Result<(), String> {
    for stream in ["batches", "singles"] {
        let body = format!("{{\"StreamName\":\"{stream}\",\"ShardCount\":{SHARDS}}}");
        let mut connection = Connection::open(&target.authority).await?;
        check(&connection.call(&target.request("CreateStream", &body)).await?)?;
    }
    put_records(report, target, pid, duration).await?;
    put_record(report, target, duration).await?;
    get_records(report, target, pid, duration).await
}

async fn put_records(report: &mut Report, target: &Target, pid: u32, duration: Duration) -> Result<(), String> {
    eprintln!("load: PutRecords");
    batches(target, WARM_UP).drive().await?;
    let run = batches(target, duration);
    let (server_before, own_before) = (cpu_seconds(pid), cpu_seconds(std::process::id()));
    let outcome = run.drive().await?;
    let how = format!("{BATCH_RECORDS} x {RECORD_BYTES} B a call, {BATCH_CONNECTIONS} connections");
    report.figure("put_records", "PutRecords", payload(&outcome), "MB/s", &how);
    latencies(report, &outcome, [("put_records_p50", "PutRecords p50"), ("put_records_p99", "PutRecords p99")], &how);
    let bytes = outcome.requests as f64 * BATCH_BYTES;
    processor(report, "put_records_cpu", "PutRecords: server", server_before, cpu_seconds(pid), bytes);
    let own = cpu_seconds(std::process::id());
    processor(report, "put_records_load_cpu", "PutRecords: generator", own_before, own, bytes);
    Ok(())
}

async fn put_record(report: &mut Report, target: &Target, duration: Duration) -> Result<(), String> {
    eprintln!("load: PutRecord");
    singles(target, WARM_UP, None).drive().await?;
    let outcome = singles(target, duration, None).drive().await?;
    let how = format!("1 x {RECORD_BYTES} B a call, {SINGLE_CONNECTIONS} connections");
    report.figure("put_record", "PutRecord", outcome.per_second(), "1/s", &how);
    latencies(report, &outcome, [("put_record_p50", "PutRecord p50"), ("put_record_p99", "PutRecord p99")], &how);

    let rate = outcome.per_second() / 2.0;
    let half = singles(target, duration, Some(rate)).drive().await?;
    let how = format!("at half that rate ({rate:.0}/s), counted from when a call was due");
    let names =
        [("put_record_half_p50", "PutRecord p50, half load"), ("put_record_half_p99", "PutRecord p99, half load")];
    latencies(report, &half, names, &how);
    Ok(())
}

async fn get_records(report: &mut Report, target: &Target, pid: u32, duration: Duration) -> Result<(), String> {
    eprintln!("load: GetRecords");
    let before = cpu_seconds(pid);
    let (outcome, records) = read::drive(target, "batches", SHARDS, duration).await?;
    if records == 0 {
        return Err("GetRecords gave no record back".to_owned());
    }
    let how = format!("pages up to 10 MiB from TRIM_HORIZON, {SHARDS} connections, one a shard");
    report.figure("get_records", "GetRecords", read_rate(&outcome, records), "MB/s", &how);
    let bytes = records as f64 * RECORD_BYTES as f64;
    processor(report, "get_records_cpu", "GetRecords: server", before, cpu_seconds(pid), bytes);
    Ok(())
}

fn batches(target: &Target, duration: Duration) -> Run {
    let requests = Arc::new(target.put_records("batches", BATCH_POOL));
    Run { authority: target.authority.clone(), requests, connections: BATCH_CONNECTIONS, duration, rate: None }
}

fn singles(target: &Target, duration: Duration, rate: Option<f64>) -> Run {
    let requests = Arc::new(target.put_record("singles", SINGLE_POOL));
    Run { authority: target.authority.clone(), requests, connections: SINGLE_CONNECTIONS, duration, rate }
}

fn payload(outcome: &Outcome) -> f64 {
    outcome.per_second() * BATCH_BYTES / MEGABYTE
}

fn read_rate(outcome: &Outcome, records: u64) -> f64 {
    records as f64 * RECORD_BYTES as f64 / MEGABYTE / outcome.elapsed.as_secs_f64()
}

fn latencies(report: &mut Report, outcome: &Outcome, names: [(&'static str, &str); 2], how: &str) {
    for ((key, what), quantile) in names.into_iter().zip([0.5, 0.99]) {
        report.figure(key, what, outcome.latency_us.value_at_quantile(quantile) as f64 / 1000.0, "ms", how);
    }
}

fn processor(report: &mut Report, key: &'static str, what: &str, before: Option<f64>, after: Option<f64>, bytes: f64) {
    // Without `/proc` the figure is left out rather than guessed.
    if let (Some(before), Some(after)) = (before, after) {
        report.figure(key, what, (after - before) / (bytes / 1e9), "s/GB", "processor seconds per GB of payload");
    }
}

fn verdict(report: &Report) {
    for (server, sink) in
        [("put_records", "sink_put_records"), ("put_record", "sink_put_record"), ("get_records", "sink_get_records")]
    {
        let (Some(server_value), Some(sink_value)) = (report.value(server), report.value(sink)) else { continue };
        let ratio = sink_value / server_value;
        let doubt = if ratio < HEADROOM { ": too close, the generator may be what was measured" } else { "" };
        println!("{server}: the generator does {ratio:.1} times as much against the sink{doubt}");
    }
}
