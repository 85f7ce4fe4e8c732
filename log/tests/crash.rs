//! Crash enumeration: after every change of the disk, with every kind of loss that the persistence model allows, the
//! log must come back as the model after some prefix of the calls that holds every acknowledged one; and again when the
//! recovery itself crashes.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use log::Log;
use log::embedded::EmbeddedLog;
use log::vfs::{CrashStates, DiskImage, FaultVfs};
use support::{Call, State, model_states, open, prefix_of, run, state, tiny, workload};

/// One crash in so many is followed by crashes of its recovery.
const DEPTH_TWO_EVERY: usize = 23;

/// What a run of the workload left: the disk's journal, and how many calls were acknowledged at which moment.
struct History {
    vfs: FaultVfs,
    acknowledged: Vec<(usize, usize)>,
}

/// Makes the calls, up to four at a time, and looks in between at what can be read.
async fn perform(calls: &[Call], states: &[State]) -> History {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
    let mut acknowledged = Vec::new();
    for (group, chunk) in calls.chunks(2).enumerate() {
        let first = group * 2;
        let pending: Vec<_> = chunk.iter().enumerate().map(|(i, call)| call.make(&*log, first + i)).collect();
        for (index, pending) in pending.into_iter().enumerate() {
            let _refused = pending.await;
            acknowledged.push((vfs.moment(), first + index + 1));
        }
        if group % 5 == 0 {
            let seen = state(&*log).await.unwrap();
            let prefix = prefix_of(states, first + chunk.len(), &seen).expect("what is read is what was acknowledged");
            acknowledged.push((vfs.moment(), prefix));
        }
        if group % 25 == 3 {
            // Long enough for a marker.
            std::thread::sleep(Duration::from_millis(60));
        }
    }
    log.shutdown().await.unwrap();
    History { vfs, acknowledged }
}

#[derive(Default)]
struct Tally {
    /// By promise, names and checksums of the files.
    seen: HashSet<(usize, Vec<(PathBuf, u32)>)>,
    states: usize,
    twice: usize,
}

impl Tally {
    /// Whether this disk with this promise was not looked at yet.
    fn is_new(&mut self, image: &DiskImage, promise: usize) -> bool {
        let names = image.iter().map(|(path, bytes)| (path.clone(), crc32c::crc32c(bytes)));
        self.seen.insert((promise, names.collect()))
    }
}

/// Recovers from `image`, checks, and answers the disk and the moment when the log was open and the prefix it showed.
async fn recover(image: &DiskImage, states: &[State], promise: usize, what: &str) -> (FaultVfs, usize, usize) {
    let (vfs, log) = open(image);
    let log = log.unwrap_or_else(|error| panic!("{what}: {error}"));
    let moment = vfs.moment();
    let shown = state(&*log).await.unwrap_or_else(|error| panic!("{what}: {error}"));
    let prefix = prefix_of(states, promise, &shown);
    let prefix = prefix.unwrap_or_else(|| panic!("{what}: no prefix of at least {promise} calls shows {shown:#?}"));
    (vfs, moment, prefix)
}

async fn enumerate(seed: u64, count: usize, tally: &mut Tally) {
    let calls = workload(seed, count);
    let states = model_states(&calls).await;
    let history = perform(&calls, &states).await;
    let mut disk = CrashStates::default();
    for (moment, event) in history.vfs.journal().iter().enumerate() {
        disk.advance(event);
        let promises = history.acknowledged.iter().filter(|(at, _)| *at <= moment + 1);
        let promise = promises.map(|(_, calls)| *calls).max().unwrap_or(0);
        for survival in disk.survivals(6, 4) {
            let image = disk.image(survival);
            if !tally.is_new(&image, promise) {
                continue;
            }
            tally.states += 1;
            let what = format!("seed {seed}, crash after change {moment}, {survival:?}");
            let (vfs, opened, prefix) = recover(&image, &states, promise, &what).await;
            if tally.states.is_multiple_of(DEPTH_TWO_EVERY) {
                crash_recovery(&image, &vfs, opened, &states, (promise, prefix), tally).await;
            }
        }
    }
}

/// Crashes the recovery of `image` too; what it showed must not be lost.
async fn crash_recovery(
    image: &DiskImage,
    vfs: &FaultVfs,
    opened: usize,
    states: &[State],
    (promise, shown): (usize, usize),
    tally: &mut Tally,
) {
    let mut disk = CrashStates::from_image(image);
    for (moment, event) in vfs.journal().iter().enumerate() {
        disk.advance(event);
        let promise = if moment + 1 >= opened { shown } else { promise };
        for survival in disk.survivals(2, 2) {
            let image = disk.image(survival);
            if tally.is_new(&image, promise) {
                tally.twice += 1;
                recover(&image, states, promise, &format!("second crash after change {moment}, {survival:?}")).await;
            }
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost_in_any_crash() {
    run(async {
        let mut tally = Tally::default();
        for seed in 1..=10 {
            enumerate(seed, 150, &mut tally).await;
        }
        println!("{} crash states, {} of them of a recovery", tally.states + tally.twice, tally.twice);
        assert!(tally.states > 3_000, "the enumeration shrank to {} states", tally.states);
    });
}
