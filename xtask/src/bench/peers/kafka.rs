//! Apache Kafka, one broker that is its own controller, under its own performance tools.
//!
//! The producer is one process, as the tool is meant: it batches by itself, up to 500 KB, with several requests under
//! way. Singles are batches of one record, sixteen under way.

use std::path::PathBuf;
use std::process::Command;

use super::child::{Running, free_port, number_before, output};
use super::{RECORD_BYTES, Row, Setting, install};

pub(super) fn measure(setting: &Setting<'_>) -> Result<Row, String> {
    let jars = install::kafka()?;
    let synced = setting.key == "kafka-flush";
    let (port, controller) = (free_port()?, free_port()?);
    let config = configure(setting, port, controller, synced)?;
    let tool = |main: &str| {
        let mut command = Command::new("java");
        command.args(["-Xmx512m", "-XX:+UseG1GC", "-cp"]).arg(jars.join("*")).arg(main);
        command
    };
    let id = output(tool("kafka.tools.StorageTool").arg("random-uuid"))?;
    let mut format = tool("kafka.tools.StorageTool");
    output(format.args(["format", "--standalone", "-t", id.trim(), "-c"]).arg(&config))?;
    let mut broker = Command::new("java");
    broker.args(["-Xmx1g", "-XX:+UseG1GC", "-cp"]).arg(jars.join("*")).arg("kafka.Kafka").arg(&config);
    let server = Running::start(&mut broker, port, &setting.data.join("log"))?;
    let bootstrap = format!("bootstrap.servers=127.0.0.1:{}", server.port);
    create_topics(&tool, server.port)?;

    let produce = |topic: &str, records: u64, more: &[&str]| {
        let mut command = tool("org.apache.kafka.tools.ProducerPerformance");
        command.args(["--topic", topic, "--num-records", &records.to_string(), "--throughput", "-1", "--record-size"]);
        command.arg(RECORD_BYTES.to_string()).args(["--producer-props", &bootstrap, "acks=all"]).args(more);
        output(&mut command).and_then(|text| parse(&text))
    };
    let pace = if synced { (8_000, 100) } else { (150_000, 8_000) };
    let batching = ["batch.size=512000", "linger.ms=5", "buffer.memory=67108864", "max.request.size=4194304"];
    // A JVM is slow at first, so the first run is not counted.
    produce("batches", pace.0, &batching)?;
    let batches = produce("batches", pace.0 * setting.seconds, &batching)?;
    let alone = ["batch.size=1", "linger.ms=0", "enable.idempotence=false", "max.in.flight.requests.per.connection=16"];
    let singles = produce("singles", pace.1 * setting.seconds, &alone)?;
    Ok(Row {
        version: install::KAFKA.to_owned(),
        batches_mb: Some(batches.rate * RECORD_BYTES as f64 / 1e6),
        batch_p50_ms: batches.p50_ms,
        batch_p99_ms: batches.p99_ms,
        singles: Some(singles.rate),
        single_p50_ms: singles.p50_ms,
        single_p99_ms: singles.p99_ms,
        read_mb: consume(&tool, server.port, pace.0 * setting.seconds),
        tool:
            "kafka-producer-perf-test, one process, 4 partitions, acks=all: batch.size 512000, linger 5 ms; singles: \
               batch.size 1, 16 under way; latency counts from the producer's queue; reading: kafka-consumer-perf-test"
                .to_owned(),
    })
}

fn configure(setting: &Setting<'_>, port: u16, controller: u16, synced: bool) -> Result<PathBuf, String> {
    let flush = if synced { "log.flush.interval.messages=1\n" } else { "" };
    let text = format!(
        "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         controller.listener.names=CONTROLLER\n\
         listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT\nlog.dirs={}\nnum.partitions=4\n\
         offsets.topic.replication.factor=1\ntransaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n{flush}",
        setting.data.join("kafka").display()
    );
    let config = setting.data.join("server.properties");
    std::fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
    Ok(config)
}

fn create_topics(tool: &impl Fn(&str) -> Command, port: u16) -> Result<(), String> {
    let server = format!("127.0.0.1:{port}");
    for topic in ["batches", "singles"] {
        let mut command = tool("org.apache.kafka.tools.TopicCommand");
        command.args(["--bootstrap-server", &server, "--create", "--topic", topic, "--partitions", "4"]);
        output(&mut command)?;
    }
    Ok(())
}

/// Megabytes per second of a consumer; nothing when its tool has no figure.
fn consume(tool: &impl Fn(&str) -> Command, port: u16, records: u64) -> Option<f64> {
    let mut command = tool("org.apache.kafka.tools.ConsumerPerformance");
    command.args(["--bootstrap-server", &format!("127.0.0.1:{port}"), "--topic", "batches", "--messages"]);
    let text = output(command.arg(records.to_string())).ok()?;
    // `start, end, MB, MB/s, messages, messages/s, …`, of which the megabytes are 2^20.
    let line = text
        .lines()
        .find(|line| line.split(',').count() > 5 && line.starts_with(|first: char| first.is_ascii_digit()))?;
    let rate: f64 = line.split(',').nth(3)?.trim().parse().ok()?;
    Some(rate * 1.048_576)
}

struct Stats {
    rate: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
}

/// The last line that tells of all records.
fn parse(text: &str) -> Result<Stats, String> {
    let line = text.lines().rev().find(|line| line.contains("99th")).unwrap_or_default();
    let rate = number_before(line, " records/sec").ok_or_else(|| format!("no rate in {text:?}"))?;
    Ok(Stats { rate, p50_ms: number_before(line, " ms 50th"), p99_ms: number_before(line, " ms 99th") })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_summary_is_read() {
        let text = "10 records sent, 2.0 records/sec (0.00 MB/sec), 1.0 ms avg latency, 2.0 ms max latency.\n\
                    750000 records sent, 123456.7 records/sec (120.56 MB/sec), 12.30 ms avg latency, 300.00 ms max latency, \
                    10 ms 50th, 20 ms 95th, 30 ms 99th, 40 ms 99.9th.\n";
        let stats = parse(text).unwrap();
        assert_eq!((stats.rate, stats.p50_ms, stats.p99_ms), (123456.7, Some(10.0), Some(30.0)));
    }
}
