//! NATS JetStream under its own `nats bench`: one stream in files, sixteen clients.
//!
//! Batches are the better of what the tool has: asynchronous publishes, 500 under way for each client, or atomic batches
//! of 500, which one flush can cover.

use std::path::Path;
use std::process::Command;

use super::child::{Running, free_port, number_before, output};
use super::{BATCH, PRODUCERS, RECORD_BYTES, Row, Setting, install};

/// Messages of a run: some seconds at the rates that were seen.
struct Messages {
    batches: u64,
    singles: u64,
}

pub(super) fn measure(setting: &Setting<'_>) -> Result<Row, String> {
    let programs = install::nats()?;
    let synced = setting.key == "nats-always";
    let port = free_port()?;
    let interval = if synced { "sync_interval: always" } else { "" };
    let folder = setting.data.join("jetstream");
    let text = format!(
        "listen: 127.0.0.1:{port}\njetstream {{ store_dir: {:?}\n{interval}\n}}\n",
        folder.display().to_string()
    );
    let config = setting.data.join("nats.conf");
    std::fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
    let mut command = Command::new(programs.join("nats-server"));
    let server = Running::start(command.arg("-c").arg(&config), port, &setting.data.join("log"))?;

    let pace = if synced {
        Messages { batches: 40_000, singles: 1_000 }
    } else {
        Messages { batches: 100_000, singles: 10_000 }
    };
    let messages = Messages { batches: pace.batches * setting.seconds, singles: pace.singles * setting.seconds };
    let bench = |kind: &[&str], count: u64, more: &[&str]| bench(&programs, server.port, kind, count, more);
    let atomic = bench(&["pub", "atomic", "load.atomic"], messages.batches, &["--create", "--batch", BATCH]);
    // With a flush for each message this does not end in time; its failure leaves the atomic batches.
    let other = if synced {
        Err(String::new())
    } else {
        bench(&["pub", "async", "load.async"], messages.batches, &["--create", "--batch", BATCH])
    };
    let (batches, how) = match (atomic, other) {
        (Ok(atomic), Ok(other)) if other.rate > atomic.rate => (other, "asynchronous, 500 under way"),
        (Ok(atomic), _) => (atomic, "atomic batches of 500"),
        (Err(_), Ok(other)) => (other, "asynchronous, 500 under way"),
        (Err(error), Err(_)) => return Err(error),
    };
    let singles = bench(&["pub", "sync", "load.sync"], messages.singles, &["--create"])?;
    let read = bench(&["ordered"], messages.batches, &[]).ok();
    let megabytes = |rate: f64| rate * RECORD_BYTES as f64 / 1e6;
    Ok(Row {
        version: install::NATS_SERVER.to_owned(),
        batches_mb: Some(megabytes(batches.rate)),
        batch_p50_ms: batches.p50_ms,
        batch_p99_ms: batches.p99_ms,
        singles: Some(singles.rate),
        single_p50_ms: singles.p50_ms,
        single_p99_ms: singles.p99_ms,
        read_mb: read.map(|read| megabytes(read.rate)),
        tool: format!("nats bench {}: 16 clients, {how}; singles: pub sync; one stream", install::NATS_CLI),
    })
}

struct Stats {
    rate: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

fn bench(programs: &Path, port: u16, kind: &[&str], count: u64, more: &[&str]) -> Result<Stats, String> {
    let reading = kind == ["ordered"];
    let stream = if reading { "load-atomic".to_owned() } else { format!("load-{}", kind[1]) };
    let mut command = Command::new(programs.join("nats"));
    command.args(["--no-context", "--server", &format!("nats://127.0.0.1:{port}"), "--timeout", "30s", "bench", "js"]);
    command.args(kind).args(["--stream", &stream, "--msgs", &count.to_string(), "--size", &RECORD_BYTES.to_string()]);
    command.args(["--no-progress", "--clients", if reading { "1" } else { PRODUCERS }]);
    if !reading {
        command.args(["--storage", "file", "--maxbytes", "8GB"]);
    }
    parse(&output(command.args(more))?)
}

/// The summary of all clients, or of the only one.
fn parse(text: &str) -> Result<Stats, String> {
    let line = |words: &str| text.lines().rev().find(|line| line.contains(words));
    let rate = line("stats:").and_then(|line| number_before(line, " msgs/sec"));
    let latencies = line("latencies per operation").unwrap_or_default();
    // Microseconds, `P50 1,234.50us`.
    let quantile = |name: &str| {
        let rest = &latencies[latencies.find(name)? + name.len()..];
        Some(number_before(rest, "us")? / 1000.0)
    };
    let rate = rate.ok_or_else(|| format!("nats bench printed no rate: {text}"))?;
    Ok(Stats { rate, p50_ms: quantile("P50 "), p99_ms: quantile("P99 ") })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_summary_is_read() {
        let text = " NATS JetStream atomic batch publisher aggregated stats: 45,559 msgs/sec ~ 44 MiB/sec\n latencies per \
                    operation min 16,117.96us | avg 1.00us | P50 157,352.26us | P90 2.00us | P99 224,499.19us | P99.9: 3.00us\n";
        let stats = parse(text).unwrap();
        assert_eq!((stats.rate, stats.p50_ms, stats.p99_ms), (45559.0, Some(157.35226), Some(224.49919)));
        assert!(parse("").is_err());
    }
}
