//! Crash enumeration of the command log with snapshots and trims: after every change of the disk, with every kind of
//! loss that the persistence model allows, a start must come to the state after some prefix of the commands that holds
//! every acknowledged one, and go on from there.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::join_all;
use log::embedded::EmbeddedLog;
use log::vfs::{CrashStates, DiskImage, FaultVfs};
use log::{COMMAND_PARTITION, CommandLogConfig, Log};
use support::domains::{Change, Domains, Rows, changes, every, submit};
use support::{open, run, tiny};
use types::{CommandMeta, Domain, Offset, Timestamp};

/// Keys, values and nothing of places: those depend on where snapshots came between.
type Seen = (Vec<(u64, String)>, Vec<(u64, String)>);

fn seen((streams, delivery): (Rows, Rows)) -> Seen {
    let plain = |rows: Rows| rows.into_iter().map(|(key, (value, _))| (key, value)).collect();
    (plain(streams), plain(delivery))
}

/// The state before the first change and after each.
fn model(history: &[(Domain, Change)]) -> Vec<Seen> {
    let domains = Domains::default();
    let mut states = vec![seen(domains.rows())];
    for (domain, change) in history {
        let meta = CommandMeta { offset: Offset(0), time: Timestamp(0) };
        let _refused = domains.appliers()[domain].apply(meta, &change.command(*domain).body);
        states.push(seen(domains.rows()));
    }
    states
}

/// Submits the history, three at once, and answers the disk and how many were acknowledged at which moment.
async fn perform(history: &[(Domain, Change)], config: CommandLogConfig) -> (FaultVfs, Vec<(usize, usize)>) {
    let trims = !config.keep_all;
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
    let commands = Domains::default().open(log.clone() as Arc<dyn Log>, config).await.unwrap();
    let mut acknowledged = vec![(0, 0)];
    for (group, chunk) in history.chunks(3).enumerate() {
        // Polled in order, so they are queued in order.
        join_all(chunk.iter().map(|(domain, change)| submit(&commands, *domain, change))).await;
        acknowledged.push((vfs.moment(), group * 3 + chunk.len()));
    }
    assert_eq!(log.bounds(COMMAND_PARTITION).unwrap().start > Offset(0), trims);
    log.shutdown().await.unwrap();
    (vfs, acknowledged)
}

/// Starts on `image`, checks, and submits one more.
async fn start(image: &DiskImage, states: &[Seen], promise: usize, config: CommandLogConfig, what: &str) {
    let log = open(image).1.unwrap_or_else(|error| panic!("{what}: {error}"));
    let end = log.bounds(COMMAND_PARTITION).map_or(Offset::ZERO, |bounds| bounds.end);
    let domains = Domains::default();
    let opened = domains.open(log.clone() as Arc<dyn Log>, config).await;
    let commands = opened.unwrap_or_else(|error| panic!("{what}: {error}"));
    let hash = commands.state_hash().await.unwrap();
    let prefix = hash.commands as usize;
    assert!(prefix >= promise, "{what}: {prefix} commands of {promise} acknowledged ones");
    assert_eq!(seen(domains.rows()), states[prefix], "{what}: after {prefix} commands");
    let next = submit(&commands, Domain::Streams, &Change::Add(99, "z".into())).await.unwrap();
    assert!(next.offset >= end, "{what}: {next:?} was given before {end:?}");
}

#[test]
fn no_acknowledged_command_is_lost_in_any_crash() {
    run(async {
        let (mut looked_at, mut whole, mut several) = (HashSet::new(), 0, 0);
        for seed in 1..=6 {
            let history = changes(seed, 60);
            let states = model(&history);
            // Some snapshots are several appends long; one history keeps them all, so that starts compare them.
            let (keep_all, piece_bytes) = (seed == 6, if seed % 2 == 0 { 300 } else { 1 << 20 });
            let config = || CommandLogConfig { keep_all, piece_bytes, ..every(5 + seed) };
            let (vfs, acknowledged) = perform(&history, config()).await;
            let mut disk = CrashStates::default();
            for (moment, event) in vfs.journal().iter().enumerate() {
                disk.advance(event);
                let promises = acknowledged.iter().filter(|(at, _)| *at <= moment + 1);
                let promise = promises.map(|(_, commands)| *commands).max().unwrap_or(0);
                for survival in disk.survivals(3, 3) {
                    let image = disk.image(survival);
                    let sums = image.iter().map(|(path, bytes)| (path.clone(), crc32c::crc32c(bytes)));
                    if !looked_at.insert((seed, promise, sums.collect::<Vec<_>>())) {
                        continue;
                    }
                    let what = format!("seed {seed}, crash after change {moment}, {survival:?}");
                    start(&image, &states, promise, config(), &what).await;
                    whole += 1;
                    several += usize::from(promise > 0);
                }
            }
        }
        println!("{whole} crash states, {several} with acknowledged commands");
        assert!(several > 500, "the enumeration shrank to {several} states");
    });
}
