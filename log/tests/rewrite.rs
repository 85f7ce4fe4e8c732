//! Segments kept alive by little are copied: nothing is lost, in no crash, and the room comes back.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use log::{Lane, Log, LogError};
use support::{Call, crash_everywhere, live, model_states, open, prefix_of, run, state, tiny};
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

fn is_copy(file: &[u8]) -> bool {
    file.starts_with(b"THALWEG\x01\x01\0\0\0\x01") && file[14..16] == [0, 0]
}

#[test]
fn a_repair_does_not_take_copied_records_for_dead() {
    let vfs = FaultVfs::default();
    live(&vfs, &pinned(110));
    let mut image = vfs.live();
    assert!(image.values().any(|bytes| is_copy(bytes)));
    let sequence = |file: &[u8]| u64::from_le_bytes(file[4112..4120].try_into().unwrap());
    let is_frame = |file: &[u8]| file.get(4096..4100) == Some(b"TWFR") && !is_copy(file);
    let newest = image.iter().filter(|(path, file)| path.extension().unwrap() == "log" && is_frame(file));
    let newest = newest.max_by_key(|(_, file)| sequence(file)).map(|(path, _)| path.clone()).unwrap();
    // In the snapshot of all partitions, with which the newest segment begins.
    let mut damaged = image[&newest].to_vec();
    damaged[4096 + 60] ^= 1;
    image.insert(newest, damaged.into());
    for repair in [false, true] {
        let opened = EmbeddedLog::open(EmbeddedConfig { repair, ..tiny(&FaultVfs::from_image(&image)) });
        assert!(matches!(opened, Err(LogError::Corrupt { .. })), "repair {repair}");
    }
}

#[test]
fn a_copy_takes_the_place_of_its_segment_in_every_crash() {
    crash_while_copying(Lane::Day);
    crash_while_copying(Lane::Week);
}

fn crash_while_copying(lane: Lane) {
    let mut calls = vec![Call::Classify(0, lane), Call::Classify(1, lane)];
    calls.extend(pinned(110));
    let (states, vfs) = (run(model_states(&calls)), FaultVfs::default());
    let acknowledged = live(&vfs, &calls);
    let copies = vfs.live().values().filter(|bytes| is_copy(bytes)).count();
    assert!(copies > 3, "{copies} copies");
    let mut number = 0;
    let crashes = crash_everywhere(&vfs.journal(), &acknowledged, (4, 2), |what, promise, image| {
        let (vfs, log) = open(image);
        let log = log.unwrap_or_else(|error| panic!("{what}: {error}"));
        let shown = run(state(&*log)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(prefix_of(&states, promise, &shown).is_some(), "{what}: {shown:#?}");
        number += 1;
        if number % 19 == 0 {
            run(log.shutdown()).unwrap();
            drop(log);
            let log = EmbeddedLog::open(tiny(&vfs)).unwrap_or_else(|error| panic!("{what}, again: {error}"));
            assert_eq!(run(state(&*log)).unwrap(), shown, "{what}, again");
        }
    });
    println!("{crashes} crash states");
}

#[test]
fn a_repair_prefers_an_intact_original_to_a_rotten_copy() {
    let calls = pinned(110);
    let vfs = FaultVfs::default();
    let acknowledged = live(&vfs, &calls);
    let sequence = |file: &[u8]| u64::from_le_bytes(file[4112..4120].try_into().unwrap());
    let is_segment = |file: &[u8]| matches!(file.get(4096..4100), Some(b"TWFR" | b"TWSL"));
    let mut tried = 0;
    crash_everywhere(&vfs.journal(), &acknowledged, (0, 0), |what, _, image| {
        let logs = || image.iter().filter(|(path, file)| path.extension().unwrap() == "log" && is_segment(file));
        let both = logs()
            .filter(|(_, file)| is_copy(file))
            .find(|(_, copy)| logs().any(|(_, file)| !is_copy(file) && sequence(file) == sequence(copy)));
        let Some((path, copy)) = both else { return };
        if tried == 20 {
            return;
        }
        tried += 1;
        let shown = run(state(&*open(image).1.unwrap())).unwrap();
        let (mut image, mut rotten) = (image.clone(), copy.to_vec());
        rotten[4096 + 50] ^= 1;
        image.insert(path.clone(), rotten.into());
        let config = EmbeddedConfig { repair: true, ..tiny(&FaultVfs::from_image(&image)) };
        let repaired = EmbeddedLog::open(config).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(run(state(&*repaired)).unwrap(), shown, "{what}");
    });
    assert!(tried > 3, "{tried} crashes left a copy and its original");
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
