//! How many commands a second the embedded log takes, beside what the disk's flush alone would allow.
//! It measures and asserts nothing, so it is run by hand:
//! `cargo test -p log@0.1.0 --test command_rate -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a measurement on the real clock and disk")]

use std::collections::HashMap;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use log::CommandLog;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use types::{Applier, Command, CommandMeta, Commands, Domain, Rejected, SystemClock};

/// How long each figure is taken.
const SPAN: Duration = Duration::from_secs(3);

/// Counts.
#[derive(Default)]
struct Counter(AtomicU64);

impl Applier for Counter {
    fn apply(&self, _meta: CommandMeta, _body: &[u8]) -> Result<(), Rejected> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn snapshot(&self) -> Vec<u8> {
        self.0.load(Ordering::Relaxed).to_string().into_bytes()
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        let count = std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok());
        self.0.store(count.ok_or("not a number")?, Ordering::Relaxed);
        Ok(())
    }
}

/// Flushes a second of 4 KiB written into a file of zeros, one after the other.
fn flushes(dir: &std::path::Path) -> f64 {
    let file = std::fs::File::create(dir.join("flush")).unwrap();
    file.write_all_at(&vec![0; 16 << 20], 0).unwrap();
    file.sync_all().unwrap();
    let start = Instant::now();
    let mut count = 0_u64;
    while start.elapsed() < SPAN {
        file.write_all_at(&[1; 4096], count % 4096 * 4096).unwrap();
        file.sync_data().unwrap();
        count += 1;
    }
    count as f64 / start.elapsed().as_secs_f64()
}

/// Commands a second of `submitters` that each wait for their own.
async fn rate(commands: &CommandLog, submitters: usize) -> f64 {
    let body =
        format!(r#"{{"update":{{"table":"leases","key":"shardId-000000000001","item":"{}"}}}}"#, "x".repeat(200));
    let start = Instant::now();
    let tasks = (0..submitters).map(|_| {
        let (commands, body) = (commands.clone(), Bytes::from(body.clone()));
        tokio::spawn(async move {
            let mut count = 0_u64;
            while start.elapsed() < SPAN {
                commands.submit(Command { domain: Domain::Companions, body: body.clone() }).await.unwrap();
                count += 1;
            }
            count
        })
    });
    let tasks: Vec<_> = tasks.collect();
    let mut total = 0;
    for task in tasks {
        total += task.await.unwrap();
    }
    total as f64 / start.elapsed().as_secs_f64()
}

#[test]
#[ignore = "a measurement, not a check"]
fn commands_per_second() {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let log = EmbeddedLog::open(EmbeddedConfig::at(dir.path().join("log"))).unwrap();
        let appliers: HashMap<Domain, Arc<dyn Applier>> =
            HashMap::from([(Domain::Companions, Arc::<Counter>::default() as _)]);
        let commands = CommandLog::open(log, Arc::new(SystemClock), appliers).await.unwrap();
        for submitters in [1, 8, 64] {
            // Beside it each time, because neighbours on the disk come and go.
            let flushes = flushes(dir.path());
            println!(
                "{submitters:>3} submitters: {:.0} commands/s at {flushes:.0} flushes/s",
                rate(&commands, submitters).await
            );
        }
    });
}
