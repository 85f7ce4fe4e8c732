//! `thalweg put`: lines of files or of the standard input into a stream.
//!
//! Owns: flags, progress, the summary, exit codes. Nothing holds the whole input: lines wait in a bounded queue.
//! Read `key.rs` for how a line gets its key, `batch.rs` for what is put together, `send.rs` for how it is put.

mod aggregate;
mod batch;
mod input;
mod key;
mod send;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use types::{Clock, SystemClock, Timestamp};

use super::connect::{ConnectArgs, block_on};
use super::{Error, text};
use key::KeySpec;
use send::{Sender, Totals};

/// Between two lines of progress on a terminal.
const PROGRESS_EVERY: Duration = Duration::from_millis(300);

/// Flags of `put`.
#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// The stream
    stream: String,
    /// What to put, one record per line; - or nothing is the standard input
    files: Vec<PathBuf>,
    /// The partition key: a text for all, or a path into JSON lines such as .user.id or /user/id [default: random]
    #[arg(long, value_name = "KEY")]
    key: Option<KeySpec>,
    /// At most so many records a second
    #[arg(long, value_name = "N", value_parser = parse_rate, conflicts_with = "aggregate")]
    rate: Option<u32>,
    /// Pack records as the Kinesis Producer Library does, up to 50 KiB in one
    #[arg(long)]
    aggregate: bool,
    /// No progress and no summary
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

/// `100` or `100/s`.
fn parse_rate(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("/s").unwrap_or(text).parse().ok().filter(|rate| *rate > 0);
    number.ok_or_else(|| "a rate is a number of records a second, such as 100 or 100/s".into())
}

pub(super) fn run(args: &PutArgs) -> Result<ExitCode, Error> {
    block_on(|stop| async move {
        let client = args.connect.client().await?;
        let lines = input::spawn(args.files.clone(), args.key.clone().unwrap_or_default());
        let shows = std::io::stderr().is_terminal() && !args.quiet;
        let mut progress = Progress::new(shows);
        let mut sender = Sender::new(client, &args.stream, args.rate, args.aggregate).await?;
        let done = sender.run(lines, stop.asked(), |totals| progress.show(totals)).await;
        progress.clear();
        let totals = sender.totals();
        if !args.quiet {
            eprintln!("{}", summary(&totals, SystemClock.now().since(progress.started)));
        }
        let interrupted = done?;
        Ok(match interrupted {
            true => ExitCode::from(130),
            false if totals.skipped > 0 => ExitCode::FAILURE,
            false => ExitCode::SUCCESS,
        })
    })
}

fn summary(totals: &Totals, elapsed: Duration) -> String {
    let millis = elapsed.as_millis() as u64;
    let per_second = totals.records as f64 * 1e3 / millis.max(1) as f64;
    let mut line = format!(
        "put {} records ({}) in {} requests and {}: {per_second:.0} records/s",
        totals.records,
        text::bytes(totals.bytes),
        totals.requests,
        text::span(millis),
    );
    if totals.retried > 0 {
        line.push_str(&format!(", {} retries", totals.retried));
    }
    if totals.skipped > 0 {
        line.push_str(&format!("; {} lines were not put", totals.skipped));
    }
    line
}

/// A line on a terminal that is written over.
struct Progress {
    shows: bool,
    started: Timestamp,
    last: Timestamp,
}

impl Progress {
    fn new(shows: bool) -> Self {
        let now = SystemClock.now();
        Self { shows, started: now, last: now }
    }

    fn show(&mut self, totals: &Totals) {
        let now = SystemClock.now();
        if self.shows && now.since(self.last) >= PROGRESS_EVERY {
            self.last = now;
            let rate = totals.records * 1000 / (now.since(self.started).as_millis() as u64).max(1);
            eprint!("\r\x1b[K{} records, {}, {rate}/s", totals.records, text::bytes(totals.bytes));
        }
    }

    fn clear(&self) {
        if self.shows {
            eprint!("\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_summaries() {
        assert_eq!((parse_rate("5"), parse_rate("100/s")), (Ok(5), Ok(100)));
        assert!(parse_rate("0").is_err() && parse_rate("fast").is_err());
        let totals = Totals { records: 10, bytes: 2000, requests: 1, retried: 2, skipped: 3 };
        let expected =
            "put 10 records (2.0 kB) in 1 requests and 500 ms: 20 records/s, 2 retries; 3 lines were not put";
        assert_eq!(summary(&totals, Duration::from_millis(500)), expected);
    }
}
