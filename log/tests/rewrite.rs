//! Segments kept alive by little are copied: nothing is lost, in no crash, and the room comes back.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use log::embedded::EmbeddedLog;
use log::vfs::{CrashStates, FaultVfs};
use log::{Log, LogError};
use support::{Call, model_states, open, prefix_of, run, state, tiny};
use types::{Offset, PartitionId, Timestamp};

/// Partition 1 gets a small record now and then and keeps it; partition 0 is trimmed to its end again and again.
fn pinned(calls: usize) -> Vec<Call> {
    let call = |number: usize| match number % 6 {
        5 => Call::Trim(0, 1 << 40),
        2 => Call::Append(vec![(1, vec![60]), (0, vec![10])]),
        _ => Call::Append(vec![(0, vec![900, 100])]),
    };
    (0..calls).map(call).collect()
}

fn files(vfs: &FaultVfs, kind: &str) -> usize {
    vfs.live().keys().filter(|path| path.extension().is_some_and(|extension| extension == kind)).count()
}

#[test]
fn a_copy_takes_the_place_of_its_segment_in_every_crash() {
    run(async {
        let calls = pinned(110);
        let states = model_states(&calls).await;
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
        let mut acknowledged = Vec::new();
        for (number, call) in calls.iter().enumerate() {
            call.make(&*log, number).await.unwrap();
            acknowledged.push((vfs.moment(), number + 1));
            if number % 6 == 5 {
                // Lets the maintenance thread come to its copies.
                thread::sleep(Duration::from_millis(2));
            }
        }
        log.shutdown().await.unwrap();
        drop(log);
        let copies = vfs.live().values().filter(|bytes| bytes.starts_with(b"THALWEG\x01\x01\0\0\0\x01")).count();
        assert!(copies > 3, "{copies} copies");
        let mut disk = CrashStates::default();
        let mut crashes = 0;
        for (moment, event) in vfs.journal().iter().enumerate() {
            disk.advance(event);
            let promises = acknowledged.iter().take_while(|(at, _)| *at <= moment + 1);
            let promise = promises.last().map_or(0, |(_, calls)| *calls);
            for survival in disk.survivals(4, 2) {
                crashes += 1;
                let what = format!("crash after change {moment}, {survival:?}");
                let (vfs, log) = open(&disk.image(survival));
                let log = log.unwrap_or_else(|error| panic!("{what}: {error}"));
                let shown = state(&*log).await.unwrap_or_else(|error| panic!("{what}: {error}"));
                let prefix = prefix_of(&states, promise, &shown);
                assert!(prefix.is_some(), "{what}: {shown:#?}");
                if crashes % 19 == 0 {
                    log.shutdown().await.unwrap();
                    drop(log);
                    let log = EmbeddedLog::open(tiny(&vfs)).unwrap_or_else(|error| panic!("{what}, again: {error}"));
                    assert_eq!(state(&*log).await.unwrap(), shown, "{what}, again");
                }
            }
        }
        println!("{crashes} crash states");
    });
}

#[test]
fn the_room_of_the_dead_comes_back() {
    run(async {
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
        for (number, call) in pinned(1_200).iter().enumerate() {
            call.make(&*log, number).await.unwrap();
        }
        thread::sleep(Duration::from_millis(200));
        let space = log.space();
        let sealed = files(&vfs, "idx") as u64;
        assert!(space.segments < sealed * 6_500, "{space:?} in {sealed} segments of 8 KiB");
        let time = log.offset_at_time(PartitionId(1), Timestamp(1_100)).await.unwrap();
        let kept = state(&*log).await.unwrap();
        log.shutdown().await.unwrap();
        drop(log);
        let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
        assert_eq!(state(&*log).await.unwrap(), kept);
        assert_eq!(log.offset_at_time(PartitionId(1), Timestamp(1_100)).await.unwrap(), time);
        // A copy without its sidecar is read from its frames.
        log.drop_partition(PartitionId(0)).await.unwrap();
        assert!(log.scrub().damaged.is_empty());
    });
}

#[test]
fn readers_do_not_notice() {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        for _reader in 0..2 {
            scope.spawn(|| {
                run(async {
                    while !ended.load(Ordering::Relaxed) {
                        let Some(bounds) = log.bounds(PartitionId(1)) else { continue };
                        match log.read(PartitionId(1), Offset(0), 1_000, 1 << 20).await {
                            Ok(page) => assert!(page.records.len() as u64 >= bounds.end.0.min(1_000)),
                            Err(LogError::NoPartition(_)) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            });
        }
        run(async {
            for (number, call) in pinned(1_500).iter().enumerate() {
                call.make(&*log, number).await.unwrap();
            }
        });
        ended.store(true, Ordering::Relaxed);
    });
}
