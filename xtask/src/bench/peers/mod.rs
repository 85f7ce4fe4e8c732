//! `cargo xtask bench peers`: other servers under the same payload on the same machine, one after the other.
//!
//! Owns the list, its order, and the table and plot. A peer that cannot be had here is a row that says so. Read next:
//! `kinesis.rs`, which get our own load unchanged, and `nats.rs`, `redis.rs`, `kafka.rs`, which get their own tools.

mod child;
mod install;
mod kafka;
mod kinesis;
mod nats;
mod redis;

use std::path::PathBuf;

use serde_json::{Value, json};

use super::chart::{Bar, Colour, bars};
use super::{Programs, page, table};

/// Bytes of one record's payload, for every server.
const RECORD_BYTES: u64 = 1024;
const PRODUCERS: &str = "16";
/// Records of a batch, where a server has such.
const BATCH: &str = "500";

/// A server in one configuration.
struct Peer {
    /// For `--only`, and the folder of its data.
    key: &'static str,
    name: &'static str,
    /// What an acknowledgement says there.
    promise: &'static str,
    colour: Colour,
    measure: fn(&Setting<'_>) -> Result<Row, String>,
}

/// What a measurement is given.
struct Setting<'a> {
    programs: &'a Programs,
    /// An empty folder on the disk.
    data: PathBuf,
    /// Which of its peer's configurations this is.
    key: &'static str,
    seconds: u64,
}

/// What was measured; `None` where the server or its tool has no such thing.
#[derive(Default)]
struct Row {
    version: String,
    batches_mb: Option<f64>,
    batch_p50_ms: Option<f64>,
    batch_p99_ms: Option<f64>,
    singles: Option<f64>,
    single_p50_ms: Option<f64>,
    single_p99_ms: Option<f64>,
    read_mb: Option<f64>,
    /// What made the load.
    tool: String,
}

const SYNCED: &str = "fsync";
const PEERS: [Peer; 11] = [
    peer("thalweg", "Thalweg", SYNCED, Colour::Synced, kinesis::thalweg),
    peer("nats-always", "NATS JetStream, sync_interval: always", SYNCED, Colour::Synced, nats::measure),
    peer("nats", "NATS JetStream, default", "page cache, fsync every 2 min", Colour::Cached, nats::measure),
    peer("redis-always", "Redis Streams, appendfsync always", SYNCED, Colour::Synced, redis::measure),
    peer("redis", "Redis Streams, everysec", "page cache, fsync every second", Colour::Cached, redis::measure),
    peer("kafka-flush", "Kafka, flush.messages=1", SYNCED, Colour::Synced, kafka::measure),
    peer("kafka", "Kafka, default, acks=all", "page cache of one broker", Colour::Cached, kafka::measure),
    peer("kinesalite", "kinesalite, LevelDB on disk", "page cache, no fsync", Colour::Cached, kinesis::kinesalite),
    peer("kinesalite-memory", "kinesalite, default", "memory", Colour::Memory, kinesis::kinesalite),
    peer("kinesis-mock", "kinesis-mock", "memory", Colour::Memory, kinesis::kinesis_mock),
    peer("moto", "moto server", "memory", Colour::Memory, kinesis::moto),
];

const fn peer(
    key: &'static str,
    name: &'static str,
    promise: &'static str,
    colour: Colour,
    measure: fn(&Setting<'_>) -> Result<Row, String>,
) -> Peer {
    Peer { key, name, promise, colour, measure }
}

struct Options {
    only: Vec<String>,
    seconds: u64,
    json: Option<PathBuf>,
    /// Installs everything and measures nothing.
    install: bool,
}

pub(super) fn run(programs: &Programs, arguments: &[String], write_docs: bool) -> Result<(), String> {
    let options = parse(arguments)?;
    if let Some(unknown) = options.only.iter().find(|name| PEERS.iter().all(|peer| peer.key != name.as_str())) {
        return Err(format!("no peer is named {unknown}; there are {}", PEERS.map(|peer| peer.key).join(", ")));
    }
    if options.install {
        return install::everything();
    }
    let mut rows = Vec::new();
    for peer in &PEERS {
        if options.only.is_empty() || options.only.iter().any(|name| name == peer.key) {
            rows.push(one(peer, programs, options.seconds)?);
            print(rows.last().unwrap_or(&Value::Null));
        }
    }
    let value = json!({ "date": date(), "rows": rows });
    if let Some(path) = options.json {
        std::fs::write(&path, format!("{value:#}\n")).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if write_docs { write(&value) } else { Ok(()) }
}

fn parse(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { only: Vec::new(), seconds: 5, json: None, install: false };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
            "--seconds" => options.seconds = value()?.parse().map_err(|_| "--seconds needs a number".to_owned())?,
            "--json" => options.json = Some(value()?.into()),
            "--install" => options.install = true,
            _ => return Err(format!("bench peers does not know {argument}")),
        }
    }
    Ok(options)
}

fn one(peer: &Peer, programs: &Programs, seconds: u64) -> Result<Value, String> {
    eprintln!("xtask: peer {}", peer.name);
    let data = programs.scratch.join(format!("peer-{}-{}", peer.key, std::process::id()));
    std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let setting = Setting { programs, data: data.clone(), key: peer.key, seconds };
    let (row, error) = match (peer.measure)(&setting) {
        Ok(row) => (row, None),
        Err(error) => (Row::default(), Some(error)),
    };
    // Data of a measurement is of no use after it.
    let _ = std::fs::remove_dir_all(&data);
    Ok(json!({
        "key": peer.key, "name": peer.name, "promise": peer.promise, "version": row.version, "tool": row.tool,
        "batches_mb": row.batches_mb, "batch_p50_ms": row.batch_p50_ms, "batch_p99_ms": row.batch_p99_ms,
        "singles": row.singles, "single_p50_ms": row.single_p50_ms, "single_p99_ms": row.single_p99_ms,
        "read_mb": row.read_mb, "error": error,
    }))
}

fn print(row: &Value) {
    let name = table::text(&row["name"]);
    if let Some(error) = row["error"].as_str() {
        println!("{name}: not measured: {error}");
        return;
    }
    let value = |member: &str| table::rounded(&row[member]);
    println!(
        "{name} {}: batches {} MB/s (p50 {}, p99 {} ms), singles {}/s (p50 {}, p99 {} ms), reading {} MB/s; {}",
        table::text(&row["version"]),
        value("batches_mb"),
        value("batch_p50_ms"),
        value("batch_p99_ms"),
        value("singles"),
        value("single_p50_ms"),
        value("single_p99_ms"),
        value("read_mb"),
        table::text(&row["promise"]),
    );
}

fn write(value: &Value) -> Result<(), String> {
    let rows = value["rows"].as_array().cloned().unwrap_or_default();
    let mut text = format!("Run of {}.\n\n", table::text(&value["date"]));
    text.push_str(
        "| server | an acknowledgement means | batches MB/s | p50 / p99 ms | singles /s | p50 / p99 ms | reading MB/s |\n\
         |---|---|---:|---:|---:|---:|---:|\n",
    );
    for row in &rows {
        let cell = |member: &str| table::rounded(&row[member]);
        let (name, promise) = (table::text(&row["name"]), table::text(&row["promise"]));
        if let Some(error) = row["error"].as_str() {
            let error = error.replace('|', "/").replace('\n', " ");
            text.push_str(&format!("| {name} | {promise} | not measured: {error} | | | | |\n"));
            continue;
        }
        text.push_str(&format!(
            "| {name} {} | {promise} | {} | {} / {} | {} | {} / {} | {} |\n",
            table::text(&row["version"]),
            cell("batches_mb"),
            cell("batch_p50_ms"),
            cell("batch_p99_ms"),
            cell("singles"),
            cell("single_p50_ms"),
            cell("single_p99_ms"),
            cell("read_mb"),
        ));
    }
    text.push_str("\n![batches](performance/peers-batches.svg)\n\n![singles](performance/peers-singles.svg)\n\n");
    text.push_str("What made the load:\n\n");
    for row in rows.iter().filter(|row| row["error"].is_null()) {
        text.push_str(&format!("- {}: {}\n", table::text(&row["name"]), table::text(&row["tool"])));
    }
    for (plot, member, title, unit) in [
        ("peers-batches", "batches_mb", "Writing records of 1 KiB in batches, 16 producers, 2 cores", "MB/s"),
        ("peers-singles", "singles", "Writing records of 1 KiB one by one, 16 producers, 2 cores", "records/s"),
    ] {
        page::plot(plot, &bars(title, unit, &chart_rows(&rows, member)))?;
    }
    page::replace("peers", &text)
}

fn chart_rows(rows: &[Value], member: &str) -> Vec<Bar> {
    let bar = |row: &Value| {
        let colour = PEERS.iter().find(|peer| row["key"] == peer.key).map_or(Colour::Memory, |peer| peer.colour);
        let note = if row["error"].is_null() { "–" } else { "not measured" };
        Bar { name: table::text(&row["name"]), value: row[member].as_f64(), note: note.to_owned(), colour }
    };
    let mut bars: Vec<Bar> = rows.iter().map(bar).collect();
    bars.sort_by(|one, other| other.value.unwrap_or(-1.0).total_cmp(&one.value.unwrap_or(-1.0)));
    bars
}

/// The day and time, as the system tells them.
fn date() -> String {
    let output = std::process::Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
