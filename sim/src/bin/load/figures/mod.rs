//! The figures of the benchmark: each group has a name, a file and, where it needs one, a server of its own.
//!
//! Owns the order, the choice (`--only`, `--all`) and what all groups share. Read next: any group.

mod connections;
mod engine;
mod generator;
mod idle;
mod limits;
mod push;
mod put_record;
mod put_records;
mod restart;
mod shards;
mod tail;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::drive::{Outcome, Run};
use crate::process::cpu_seconds;
use crate::report::Report;
use crate::request::{BATCH_RECORDS, Encoding, Form, RECORD_BYTES, Target};
use crate::server::Server;
use crate::{Bench, machine, time};

pub(crate) const SHARDS: usize = 4;
pub(crate) const BATCH_CONNECTIONS: usize = 16;
pub(crate) const SINGLE_CONNECTIONS: usize = 64;
/// Different requests that take turns: more than any cache of the server could profit from.
pub(crate) const BATCH_POOL: usize = 64;
pub(crate) const SINGLE_POOL: usize = 8192;
const WARM_UP: Duration = Duration::from_secs(1);

/// What all groups are told.
pub(crate) struct Context {
    pub(crate) thalweg: PathBuf,
    pub(crate) scratch: PathBuf,
    /// Of one run.
    pub(crate) duration: Duration,
    /// Gigabytes of payload that a restart has to open.
    pub(crate) stored_gb: f64,
    pub(crate) connections: usize,
}

/// The groups in their order.
pub(crate) const GROUPS: [&str; 11] = [
    "limits",
    "generator",
    "engine",
    "put-records",
    "put-record",
    "tail",
    "push",
    "idle",
    "connections",
    "shards",
    "restart",
];

/// Measures the chosen groups and prints one table.
pub(crate) async fn run(options: Bench) -> Result<(), String> {
    if let Some(unknown) = options.only.iter().find(|name| !GROUPS.contains(&name.as_str())) {
        return Err(format!("no group is named {unknown}; there are {}", GROUPS.join(", ")));
    }
    let context = Context {
        thalweg: options.thalweg.clone(),
        scratch: options.scratch.clone(),
        duration: Duration::from_secs(options.seconds),
        stored_gb: options.stored.unwrap_or(if options.all { 10.0 } else { 4.0 }),
        connections: connections::possible(20_000),
    };
    std::fs::create_dir_all(&context.scratch).map_err(|error| format!("{}: {error}", context.scratch.display()))?;
    let mut report = Report::default();
    conditions(&mut report, &options);
    for group in GROUPS {
        if !options.only.is_empty() && !options.only.iter().any(|name| name == group) {
            continue;
        }
        eprintln!("load: {group}");
        one(group, &context, &mut report).await.map_err(|error| format!("{group}: {error}"))?;
    }
    report.print();
    generator::verdict(&report);
    report.write(options.json.as_deref())
}

async fn one(group: &str, context: &Context, report: &mut Report) -> Result<(), String> {
    match group {
        "limits" => limits::measure(context, report),
        "generator" => generator::measure(context, report).await,
        "engine" => engine::measure(context, report),
        "put-records" => put_records::measure(context, report).await,
        "put-record" => put_record::measure(context, report).await,
        "tail" => tail::measure(context, report).await,
        "push" => push::measure(context, report).await,
        "idle" => idle::measure(context, report).await,
        "connections" => connections::measure(context, report).await,
        "shards" => shards::measure(context, report).await,
        _ => restart::measure(context, report).await,
    }
}

fn conditions(report: &mut Report, options: &Bench) {
    report.condition("date", wire::sigv4::amz_date(time::wall_millis()));
    report.condition("machine", machine::describe());
    let only = if options.only.is_empty() { String::new() } else { format!(" --only {}", options.only.join(",")) };
    let all = if options.all { " --all" } else { "" };
    report.condition("commands", format!("cargo xtask bench --seconds {}{all}{only}", options.seconds));
    report.condition("server", "release build, `thalweg serve --listen 127.0.0.1:0 --data-dir DIR`, defaults");
    report
        .condition("durability", "each acknowledgement after fdatasync of the log (group commit), one copy, one disk");
    report.condition("load", "same machine, own process, loopback HTTP/1.1, requests built and signed ahead");
    report.condition("payload", format!("{RECORD_BYTES} random bytes a record, random keys, {SHARDS} shards"));
}

impl Context {
    pub(crate) fn server(&self) -> Result<Server, String> {
        Server::start(&self.thalweg, &self.scratch)
    }
}

/// Full batches over [`BATCH_CONNECTIONS`].
pub(crate) fn batches(target: &Target, stream: &str, encoding: Encoding, duration: Duration) -> Run {
    Run {
        authority: target.authority.clone(),
        requests: Arc::new(target.put_records(&[stream], Form::full(encoding), BATCH_POOL)),
        records: BATCH_RECORDS,
        connections: BATCH_CONNECTIONS,
        duration,
        turns: usize::MAX,
    }
}

/// Single records over `connections`.
pub(crate) fn singles(target: &Target, stream: &str, connections: usize, duration: Duration) -> Run {
    Run {
        authority: target.authority.clone(),
        requests: Arc::new(target.put_record(stream, RECORD_BYTES, SINGLE_POOL)),
        records: 1,
        connections,
        duration,
        turns: usize::MAX,
    }
}

/// Puts about `bytes` of payload, whole batches on each connection; the records that were acknowledged.
pub(crate) async fn fill(target: &Target, stream: &str, bytes: f64) -> Result<u64, String> {
    let form = Form::full(Encoding::Json);
    let mut run = batches(target, stream, Encoding::Json, Duration::from_secs(3600));
    run.turns = (bytes / form.payload() as f64 / run.connections as f64).ceil() as usize;
    let mut acknowledged = 0;
    // A signature is good for five minutes, so the requests are signed anew before that.
    while run.turns > 0 {
        let mut part = run.clone();
        part.turns = run.turns.min(500);
        run.turns -= part.turns;
        acknowledged += part.drive().await?.requests * form.records as u64;
        run.requests = Arc::new(target.put_records(&[stream], form, BATCH_POOL));
    }
    Ok(acknowledged)
}

/// Runs once to warm up and once for the figure.
pub(crate) async fn warm(run: &Run) -> Result<Outcome, String> {
    Run { duration: WARM_UP, ..run.clone() }.drive().await?;
    run.drive().await
}

/// Megabytes of payload per second.
pub(crate) fn payload(outcome: &Outcome, form: Form) -> f64 {
    outcome.per_second() * form.payload() as f64 / 1e6
}

/// p50 and p99 of a run.
pub(crate) fn latencies(report: &mut Report, outcome: &Outcome, key: &str, what: &str, how: &str) {
    for (name, quantile) in [("p50", 0.5), ("p99", 0.99)] {
        report.figure(&format!("{key}_{name}"), &format!("{what} {name}"), outcome.quantile_ms(quantile), "ms", how);
    }
}

/// Processor time of a process over a run.
pub(crate) struct Processor {
    pid: u32,
    before: Option<f64>,
}

impl Processor {
    pub(crate) fn of(pid: u32) -> Self {
        Self { pid, before: cpu_seconds(pid) }
    }

    /// Since `of`, per GB of payload.
    pub(crate) fn report(&self, report: &mut Report, key: &str, what: &str, payload_bytes: f64) {
        // Without `/proc` the figure is left out rather than guessed.
        if let (Some(before), Some(after)) = (self.before, cpu_seconds(self.pid)) {
            let how = "processor seconds per GB of payload";
            report.figure(key, what, (after - before) / (payload_bytes / 1e9), "s/GB", how);
        }
    }
}
