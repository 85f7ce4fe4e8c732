//! Redis Streams under `redis-benchmark`: XADD with an append-only file, pipelines of 500 or one at a time.

use std::process::Command;

use super::child::{Running, free_port, output};
use super::{BATCH, PRODUCERS, RECORD_BYTES, Row, Setting, install};

/// Entries that one XRANGE gives back.
const PAGE: &str = "1000";

pub(super) fn measure(setting: &Setting<'_>) -> Result<Row, String> {
    install::redis()?;
    let synced = setting.key == "redis-always";
    let port = free_port()?;
    let mut command = Command::new("redis-server");
    command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"]);
    command.args(["--appendfsync", if synced { "always" } else { "everysec" }, "--dir"]).arg(&setting.data);
    let server = Running::start(&mut command, port, &setting.data.join("log"))?;

    // What Redis keeps is in memory, so the load is bounded: four gigabytes at most.
    let (batches, singles) = (200_000 * setting.seconds, if synced { 5_000 } else { 20_000 } * setting.seconds);
    let payload = payload();
    let add = ["XADD", "load", "*", "key", "__rand_int__", "data", &payload];
    let batch = bench(server.port, batches, &["-P", BATCH, "-c", PRODUCERS], &add)?;
    let single = bench(server.port, singles, &["-c", PRODUCERS], &add)?;
    let read = bench(server.port, 2_000, &["-c", "4"], &["XRANGE", "load", "-", "+", "COUNT", PAGE])?;
    let megabytes = |records: f64| records * RECORD_BYTES as f64 / 1e6;
    Ok(Row {
        version: version(),
        batches_mb: Some(megabytes(batch.rate)),
        batch_p50_ms: Some(batch.p50_ms),
        batch_p99_ms: Some(batch.p99_ms),
        singles: Some(single.rate),
        single_p50_ms: Some(single.p50_ms),
        single_p99_ms: Some(single.p99_ms),
        read_mb: Some(megabytes(read.rate * 1000.0)),
        tool: "redis-benchmark, XADD: 16 clients, pipelines of 500; singles: no pipeline; reading: XRANGE of 1,000, always \
               the same, from memory"
            .to_owned(),
    })
}

struct Stats {
    rate: f64,
    p50_ms: f64,
    p99_ms: f64,
}

fn bench(port: u16, requests: u64, options: &[&str], redis_command: &[&str]) -> Result<Stats, String> {
    let mut command = Command::new("redis-benchmark");
    command.args(["-p", &port.to_string(), "--csv", "-r", "1000000000", "-n", &requests.to_string()]);
    parse(&output(command.args(options).args(redis_command))?)
}

/// The last line: `"name","rps","avg","min","p50","p95","p99","max"`.
fn parse(text: &str) -> Result<Stats, String> {
    let line = text.trim().lines().last().unwrap_or_default();
    // The name holds the payload but neither quotes nor commas; it is cut off all the same by counting from the end.
    let fields: Vec<f64> =
        line.rsplit(',').take(7).filter_map(|field| field.trim().trim_matches('"').parse().ok()).collect();
    match fields[..] {
        [_, p99_ms, _, p50_ms, _, _, rate] => Ok(Stats { rate, p50_ms, p99_ms }),
        _ => Err(format!("redis-benchmark printed no table: {line}")),
    }
}

/// As many letters as a record has bytes; Redis writes them as they are.
fn payload() -> String {
    (0..RECORD_BYTES).map(|index| char::from(b'a' + (index * 7 % 26) as u8)).collect()
}

fn version() -> String {
    let text = output(Command::new("redis-server").arg("--version")).unwrap_or_default();
    let version = text.split_whitespace().find_map(|word| word.strip_prefix("v="));
    version.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_table_is_read_from_its_end() {
        let text = "\"test\",\"rps\"\n\"XADD load * aaa\",\"50000.25\",\"0.200\",\"0.1\",\"0.191\",\"0.3\",\"0.407\",\"1.1\"\n";
        let stats = parse(text).unwrap();
        assert_eq!((stats.rate, stats.p50_ms, stats.p99_ms), (50000.25, 0.191, 0.407));
        assert!(parse("no").is_err());
    }
}
