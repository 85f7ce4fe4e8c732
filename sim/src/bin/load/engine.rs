//! The log engine alone: appends, tail reads and cold reads of an `EmbeddedLog` on a real disk, without HTTP around it.
//!
//! Owns: callers as tasks of this process, their records (slices of one buffer, so that making them costs next to
//! nothing), and the figures. Everything of the process is counted as the engine's processor time: the callers too.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::Args;
use hdrhistogram::Histogram;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::{Log, NewRecord, PartitionAppend};
use types::{Offset, PartitionId, Timestamp};

use crate::process::cpu_seconds;
use crate::time::{now, wall_millis};

const MEGABYTE: f64 = 1e6;
/// What one page of a read may hold.
const PAGE_BYTES: usize = 10 << 20;
const PAGE_RECORDS: usize = 10_000;

/// What to measure; see the help texts.
#[derive(Args, Clone)]
pub(crate) struct Engine {
    /// A folder on the disk to measure; a folder of its own is made in it and removed
    #[arg(long)]
    dir: PathBuf,
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    seconds: u64,
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..))]
    partitions: u64,
    /// Bytes of each value; keys are 16 bytes more
    #[arg(long, default_value_t = 1024)]
    record_bytes: usize,
    /// Records of one call, spread over the partitions
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Calls that wait for their flush at the same time
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..))]
    callers: u32,
    /// Stop appending after this many megabytes of payload
    #[arg(long, default_value_t = 8_000)]
    megabytes: u64,
    /// Length of a segment in MiB; the engine's own when missing
    #[arg(long)]
    segment_mib: Option<u64>,
    /// Do not read
    #[arg(long)]
    no_reads: bool,
}

/// Runs the whole of it and removes what it wrote.
pub(crate) async fn run(options: Engine) -> Result<(), String> {
    let dir = options.dir.join(format!("engine-{}", std::process::id()));
    let outcome = measure(&options, &dir).await;
    // The figures are out; a leftover is only a leftover.
    let _ = std::fs::remove_dir_all(&dir);
    outcome
}

fn open(options: &Engine, dir: &PathBuf) -> Result<Arc<EmbeddedLog>, String> {
    let mut config = EmbeddedConfig::at(dir);
    if let Some(mib) = options.segment_mib {
        config.segment_bytes = mib << 20;
    }
    EmbeddedLog::open(config).map_err(|error| error.to_string())
}

async fn measure(options: &Engine, dir: &PathBuf) -> Result<(), String> {
    let log = open(options, dir)?;
    appends(options, &log).await?;
    if !options.no_reads {
        tail(options, &log).await?;
    }
    log.shutdown().await.map_err(|error| error.to_string())?;
    drop(log);
    if !options.no_reads {
        let log = open(options, dir)?;
        cold(options, &log, dir).await?;
    }
    Ok(())
}

/// Records of one call: `batch` of them over the partitions, from `turn` on.
fn call(options: &Engine, payload: &Bytes, turn: u64) -> Vec<PartitionAppend> {
    let parts = options.partitions.min(u64::from(options.batch));
    let each = u64::from(options.batch).div_ceil(parts) as usize;
    let mut left = options.batch as usize;
    let mut batch = Vec::with_capacity(parts as usize);
    let mut at = turn.wrapping_mul(977) as usize % 4096;
    for part in 0..parts {
        let records = (0..each.min(left)).map(|_| {
            at = (at + 61) % 4096;
            NewRecord { key: payload.slice(at..at + 16), value: payload.slice(at..at + options.record_bytes) }
        });
        let records: Vec<_> = records.collect();
        left -= records.len();
        batch.push(PartitionAppend { partition: PartitionId(1 + (turn * parts + part) % options.partitions), records });
    }
    batch
}

async fn appends(options: &Engine, log: &Arc<EmbeddedLog>) -> Result<(), String> {
    let mut state = 1_u64;
    let random = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    let payload: Bytes = random.take(8192 + options.record_bytes).collect();
    let before = Counters::take();
    let started = now();
    let until = started + Duration::from_secs(options.seconds);
    let share = (options.megabytes << 20)
        / (u64::from(options.callers) * u64::from(options.batch) * options.record_bytes.max(1) as u64);
    let callers: Vec<_> = (0..u64::from(options.callers))
        .map(|caller| {
            let (options, log, payload) = (options.clone(), Arc::clone(log), payload.clone());
            tokio::spawn(async move { caller_loop(&options, &log, &payload, caller, share.max(1), until).await })
        })
        .collect();
    let mut latency = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).map_err(|error| error.to_string())?;
    for caller in callers {
        let own = caller.await.map_err(|error| error.to_string())??;
        latency.add(own).map_err(|error| error.to_string())?;
    }
    let elapsed = started.elapsed().as_secs_f64();
    let used = before.until_now();
    let records = latency.len() as f64 * f64::from(options.batch);
    let payload = records * (options.record_bytes + 16) as f64;
    println!(
        "append: {:.0} MB/s, {:.0} records/s, {:.0} calls/s ({} x {} B a call, {} callers, {} partitions)",
        payload / MEGABYTE / elapsed,
        records / elapsed,
        latency.len() as f64 / elapsed,
        options.batch,
        options.record_bytes,
        options.callers,
        options.partitions
    );
    println!(
        "append: p50 {:.3} ms, p99 {:.3} ms, max {:.3} ms; CPU {:.0} ns a record, {:.2} s/GB",
        latency.value_at_quantile(0.5) as f64 / 1e6,
        latency.value_at_quantile(0.99) as f64 / 1e6,
        latency.max() as f64 / 1e6,
        used.cpu * 1e9 / records,
        used.cpu * 1e9 / payload
    );
    println!(
        "append: {:.0} KiB a write, {:.3} B written by calls and {:.3} B to the disk per payload byte; RSS {:.0} MB\n",
        used.written / used.writes.max(1.0) / 1024.0,
        used.written / payload,
        used.stored / payload,
        rss_megabytes()
    );
    Ok(())
}

async fn caller_loop(
    options: &Engine,
    log: &EmbeddedLog,
    payload: &Bytes,
    caller: u64,
    calls_max: u64,
    until: Instant,
) -> Result<Histogram<u64>, String> {
    let mut latency = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).map_err(|error| error.to_string())?;
    let mut turn = caller;
    for _ in 0..calls_max {
        let start = now();
        if start >= until {
            break;
        }
        let batch = call(options, payload, turn);
        turn += u64::from(options.callers);
        log.append(batch, Timestamp(wall_millis() as u64)).await.map_err(|error| error.to_string())?;
        latency.saturating_record(start.elapsed().as_nanos() as u64);
    }
    Ok(latency)
}

/// Reads the newest 16 MiB again and again, in pages of 10 MB and record by record.
async fn tail(options: &Engine, log: &EmbeddedLog) -> Result<(), String> {
    let per_partition = (16 << 20) / options.partitions.max(1) / options.record_bytes.max(1) as u64;
    for (what, page) in [("pages of 10 MB", PAGE_RECORDS), ("one record a read", 1)] {
        let (before, started) = (Counters::take(), now());
        let (mut bytes, mut reads, mut records) = (0, 0_u64, 0_u64);
        let mut latency =
            Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).map_err(|error| error.to_string())?;
        while started.elapsed() < Duration::from_secs(2) {
            let partition = PartitionId(1 + reads % options.partitions);
            let Some(bounds) = log.bounds(partition) else { return Err("a partition is missing".into()) };
            let from = Offset(bounds.end.0.saturating_sub(per_partition.max(1)).max(bounds.start.0));
            let start = now();
            let page = log.read(partition, from, page, PAGE_BYTES).await.map_err(|error| error.to_string())?;
            latency.saturating_record(start.elapsed().as_nanos() as u64);
            bytes += page.records.iter().map(|r| r.key.len() + r.value.len()).sum::<usize>();
            records += page.records.len() as u64;
            reads += 1;
        }
        report("tail", what, bytes, records, started.elapsed(), &before, &latency);
    }
    Ok(())
}

/// Reads one partition from its start, with nothing of it in the system's cache.
async fn cold(options: &Engine, log: &EmbeddedLog, dir: &PathBuf) -> Result<(), String> {
    let dropped = drop_caches();
    let disk = raw_read(dir).map_err(|error| error.to_string())?;
    println!("disk: {disk:.0} MB/s read in order, 1 MiB a call, caches dropped: {dropped}");
    for (what, partition) in [("cold", PartitionId(1)), ("again, from the cache", PartitionId(1))] {
        if what == "cold" {
            drop_caches();
        }
        let (before, started) = (Counters::take(), now());
        let (mut bytes, mut records) = (0, 0);
        let mut latency =
            Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).map_err(|error| error.to_string())?;
        let mut next = Offset(0);
        loop {
            let start = now();
            let page = log.read(partition, next, PAGE_RECORDS, PAGE_BYTES).await.map_err(|error| error.to_string())?;
            latency.saturating_record(start.elapsed().as_nanos() as u64);
            let Some(last) = page.records.last() else { break };
            next = last.offset.next();
            bytes += page.records.iter().map(|r| r.key.len() + r.value.len()).sum::<usize>();
            records += page.records.len() as u64;
        }
        report("one partition", what, bytes, records, started.elapsed(), &before, &latency);
    }
    drop_caches();
    let mut latency = Histogram::<u64>::new_with_bounds(1, 3_600_000_000_000, 3).map_err(|error| error.to_string())?;
    let (before, started) = (Counters::take(), now());
    let (mut bytes, mut records) = (0, 0);
    let end = log.bounds(PartitionId(2 % options.partitions + 1)).map_or(1, |bounds| bounds.end.0);
    for turn in 0..1000_u64 {
        let from = Offset(turn.wrapping_mul(7_919_993) % end);
        let start = now();
        let page = log.read(PartitionId(2 % options.partitions + 1), from, 1, PAGE_BYTES);
        let page = page.await.map_err(|error| error.to_string())?;
        latency.saturating_record(start.elapsed().as_nanos() as u64);
        bytes += page.records.iter().map(|r| r.key.len() + r.value.len()).sum::<usize>();
        records += page.records.len() as u64;
    }
    report("one partition", "cold, one record at random", bytes, records, started.elapsed(), &before, &latency);
    Ok(())
}

fn report(
    what: &str,
    how: &str,
    bytes: usize,
    records: u64,
    elapsed: Duration,
    before: &Counters,
    latency: &Histogram<u64>,
) {
    let used = before.until_now();
    println!(
        "{what}, {how}: {:.0} MB/s, {:.0} reads/s; p50 {:.3} ms, p99 {:.3} ms; CPU {:.0} ns a record, {:.3} s/GB",
        bytes as f64 / MEGABYTE / elapsed.as_secs_f64(),
        latency.len() as f64 / elapsed.as_secs_f64(),
        latency.value_at_quantile(0.5) as f64 / 1e6,
        latency.value_at_quantile(0.99) as f64 / 1e6,
        used.cpu * 1e9 / records.max(1) as f64,
        used.cpu * 1e9 / bytes.max(1) as f64
    );
}

/// Megabytes per second of the segments read in order, cold.
fn raw_read(dir: &PathBuf) -> std::io::Result<f64> {
    use std::io::Read;
    let (started, mut total) = (now(), 0_usize);
    let mut buffer = vec![0; 1 << 20];
    let mut names: Vec<_> = std::fs::read_dir(dir)?.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    names.sort();
    for name in names.iter().filter(|name| name.extension().is_some_and(|e| e == "log")).take(16) {
        let mut file = std::fs::File::open(name)?;
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                read => total += read,
            }
        }
    }
    Ok(total as f64 / MEGABYTE / started.elapsed().as_secs_f64())
}

/// Whether the system let us empty its cache of files.
fn drop_caches() -> bool {
    std::fs::write("/proc/sys/vm/drop_caches", "1").is_ok()
}

fn rss_megabytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    number_after(&status, "VmRSS:") * 1024.0 / MEGABYTE
}

fn number_after(text: &str, key: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|digits| digits.parse().ok()).unwrap_or(0.0)
}

/// What this process has used so far, or between two moments.
struct Counters {
    cpu: f64,
    /// Bytes given to write calls, and how many of those.
    written: f64,
    writes: f64,
    /// Bytes sent to the disk, in whole pages.
    stored: f64,
}

impl Counters {
    fn take() -> Self {
        let io = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
        Self {
            cpu: cpu_seconds(std::process::id()).unwrap_or(0.0),
            written: number_after(&io, "wchar:"),
            writes: number_after(&io, "syscw:"),
            stored: number_after(&io, "write_bytes:"),
        }
    }

    fn until_now(&self) -> Self {
        let now = Self::take();
        Self {
            cpu: now.cpu - self.cpu,
            written: now.written - self.written,
            writes: now.writes - self.writes,
            stored: now.stored - self.stored,
        }
    }
}
