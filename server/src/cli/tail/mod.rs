//! `thalweg tail`: the records of a stream, all shards merged by arrival, for as long as one likes to watch.
//!
//! Owns: flags, when it ends. Read `shard.rs` for how one shard is read, `merge.rs` for the order, `follow.rs` for which
//! shards there are, `format.rs` for what a record looks like.

mod follow;
mod format;
mod from;
mod merge;
mod shard;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use regex::bytes::Regex;
use types::{Clock, SystemClock};

use super::Error;
use super::connect::{ConnectArgs, block_on};
use follow::Shards;
use format::Format;
use from::From;
use merge::Row;

/// Between two looks at a stream in which nothing is new: one of the five reads a second that AWS gives each shard, so
/// that others can read, too.
const POLL_PAUSE: Duration = Duration::from_secs(1);
/// The same when records just came: more may be on their way.
const BUSY_PAUSE: Duration = Duration::from_millis(250);

/// Flags of `tail`.
#[derive(Debug, Args)]
pub(crate) struct TailArgs {
    /// The stream
    stream: String,
    /// Where to begin: latest, horizon, a time, or so long ago (-30s, -10m, -2h, -1d) [default: latest; with --no-follow: horizon]
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true)]
    from: Option<From>,
    /// Only records whose data matches
    #[arg(long, value_name = "REGEX")]
    grep: Option<Regex>,
    /// How to print [default: table on a terminal, else raw]
    #[arg(long)]
    format: Option<Format>,
    /// Only this shard, by its number or its name
    #[arg(long, value_name = "SHARD")]
    shard: Option<String>,
    /// Stop after so many records
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Stop at the end of what is there now
    #[arg(long)]
    no_follow: bool,
    #[command(flatten)]
    connect: ConnectArgs,
}

pub(super) fn run(args: &TailArgs) -> Result<ExitCode, Error> {
    block_on(|stop| async move {
        tokio::select! {
            done = tail(args) => done.map(|()| ExitCode::SUCCESS),
            () = stop.asked() => Ok(ExitCode::SUCCESS),
        }
    })
}

async fn tail(args: &TailArgs) -> Result<(), Error> {
    let client = args.connect.client().await?;
    let default = if args.no_follow { From::Horizon } else { From::Latest };
    let from = args.from.unwrap_or(default).at(SystemClock.now());
    let mut shards = Shards::open(client, &args.stream, args.shard.as_deref(), from).await?;
    let is_terminal = std::io::stdout().is_terminal();
    let format = args.format.unwrap_or(if is_terminal { Format::Table } else { Format::Raw });
    let mut printer = Printer { args, format, printed: 0 };
    loop {
        let read = shards.read().await?;
        let rows = shards.merged();
        if !printer.print(&rows) {
            return Ok(());
        }
        if shards.is_done(args.no_follow) {
            return Ok(());
        }
        if rows.is_empty() && !read.is_behind {
            let pause = if read.records > 0 { BUSY_PAUSE } else { POLL_PAUSE };
            SystemClock.sleep(pause).await;
        }
    }
}

struct Printer<'a> {
    args: &'a TailArgs,
    format: Format,
    printed: u64,
}

impl Printer<'_> {
    /// Prints what matches; false when that was enough or nobody reads on.
    fn print(&mut self, rows: &[Row]) -> bool {
        let mut out = Vec::new();
        let mut goes_on = true;
        for row in rows {
            if self.args.grep.as_ref().is_some_and(|regex| !regex.is_match(&row.data)) {
                continue;
            }
            self.format.write(&mut out, row);
            self.printed += 1;
            if self.args.limit == Some(self.printed) {
                goes_on = false;
                break;
            }
        }
        let mut stdout = std::io::stdout().lock();
        // A reader that has gone wants no more: that is an end like any other.
        stdout.write_all(&out).and_then(|()| stdout.flush()).is_ok() && goes_on
    }
}
