//! Lanes: what moves between them stays readable, what lives long does not pin what dies soon, and damage in one lane shows
//! by the others.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use log::embedded::{EmbeddedConfig, EmbeddedLog, Offline, Step};
use log::vfs::{DiskImage, FaultVfs};
use log::{Lane, Log, LogError, MemoryLog};
use support::{Call, PARTITIONS, run, say, sized, state, stepped, tiny};
use types::{Offset, PartitionId, Timestamp};

/// The lane of a segment file: docs/log-format.md.
fn lane_of(file: &[u8]) -> Option<u8> {
    file.starts_with(b"THALWEG\x01").then(|| file[13])
}

/// Segments with frames of `lane`, in order.
fn segments(image: &DiskImage, lane: u8) -> Vec<(PathBuf, Arc<Vec<u8>>)> {
    let is_frame = |file: &[u8]| file.get(4096..4100) == Some(b"TWFR") && lane_of(file) == Some(lane);
    let sequence = |file: &[u8]| u64::from_le_bytes(file[4112..4120].try_into().unwrap());
    let there = image.iter().filter(|(path, file)| path.extension().unwrap() == "log" && is_frame(file));
    let mut there: Vec<_> = there.map(|(path, file)| (path.clone(), file.clone())).collect();
    there.sort_by_key(|(_, file)| sequence(file));
    there
}

/// Where the last frame of a segment stands.
fn last_frame(file: &[u8]) -> usize {
    let (mut position, mut last) = (4096, 4096);
    while file[position..].starts_with(b"TW") && file[position + 8..position + 16] == file[24..32] {
        last = position;
        let length = u32::from_le_bytes(file[position + 32..position + 36].try_into().unwrap()) as usize;
        position += (40 + length).next_multiple_of(8);
    }
    last
}

/// Makes `calls` on the log and on the model.
async fn make(log: &EmbeddedLog, model: &MemoryLog, calls: &[Call], first: usize) {
    for (number, call) in calls.iter().enumerate() {
        assert_eq!(call.make(log, first + number).await, call.make(model, first + number).await, "{call:?}");
    }
}

async fn assert_same(log: &EmbeddedLog, model: &MemoryLog) {
    assert_eq!(state(log).await.unwrap(), state(model).await.unwrap());
    for partition in (0..PARTITIONS).map(PartitionId) {
        for time in (990..1_400).map(Timestamp) {
            let found = log.offset_at_time(partition, time).await;
            assert_eq!(found, model.offset_at_time(partition, time).await, "{partition:?} at {time:?}");
        }
    }
}

#[test]
fn a_partition_is_read_whole_wherever_it_was() {
    run(async {
        let vfs = FaultVfs::default();
        let mut log = EmbeddedLog::open(sized(&vfs, 20 << 10)).unwrap();
        let model = MemoryLog::default();
        let lanes = [Lane::Day, Lane::Week, Lane::Day, Lane::Year, Lane::Week, Lane::Day];
        let mut number = 0;
        for (round, lane) in lanes.into_iter().cycle().take(40).enumerate() {
            // Partition 1 wanders; 0, 2 and 3 fill the three lanes at their own pace, so that they seal in any order.
            let mut calls = vec![Call::Classify(1, lane), Call::Classify(2, Lane::Week), Call::Classify(3, Lane::Year)];
            calls.push(Call::Append(vec![(1, vec![300, 200])]));
            calls.push(Call::Append(vec![(0, vec![1_500 + round]), (2, vec![700]), (3, vec![90])]));
            calls.push(Call::Append(vec![(1, vec![50])]));
            make(&log, &model, &calls, number).await;
            number += calls.len();
            if round % 9 == 8 {
                assert_same(&log, &model).await;
                log.shutdown().await.unwrap();
                drop(log);
                log = EmbeddedLog::open(sized(&vfs, 20 << 10)).unwrap();
            }
        }
        assert_same(&log, &model).await;
        let image = vfs.live();
        let sealed = [0, 1, 2].map(|lane| segments(&image, lane).len());
        assert!(sealed[0] > 3 && sealed[1] > 2 && sealed[2] >= 1, "{sealed:?}");
        let verified = Offline::open(disk(&image).path()).unwrap().verify(&mut |_, _| {}).unwrap();
        assert!(verified.damage.is_empty() && verified.refusal.is_none(), "{verified:?}");
    });
}

/// `image` in a folder of the machine, for what reads only those.
fn disk(image: &DiskImage) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in image {
        std::fs::write(dir.path().join(path.file_name().unwrap()), &**bytes).unwrap();
    }
    dir
}

/// Files of a log in which one record in ten lives for ever, when the others are trimmed.
async fn files_left(lane: Lane) -> usize {
    let vfs = FaultVfs::default();
    // Without copies: what is left is what the lanes leave.
    let log = EmbeddedLog::open(EmbeddedConfig { rewrite_below_percent: 0, ..tiny(&vfs) }).unwrap();
    Call::Classify(1, lane).make(&*log, 0).await.unwrap();
    for number in 1..600 {
        let call = match number % 10 {
            0 => Call::Trim(0, 1 << 40),
            5 => Call::Append(vec![(1, vec![100])]),
            _ => Call::Append(vec![(0, vec![900])]),
        };
        call.make(&*log, number).await.unwrap();
    }
    thread::sleep(Duration::from_millis(100));
    let (_, kept) = &state(&*log).await.unwrap()[&1];
    assert_eq!(kept.len(), 60);
    vfs.live().keys().filter(|path| path.extension().is_some_and(|kind| kind == "log")).count()
}

#[test]
fn what_lives_long_does_not_pin_what_dies_soon() {
    let (together, apart) = run(async { (files_left(Lane::Day).await, files_left(Lane::Year).await) });
    assert!(together > 50 && apart < 16, "{together} files together, {apart} apart");
}

#[test]
fn a_full_disk_without_a_segment_for_a_lane_refuses_its_appends_and_nothing_else() {
    run(async {
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(sized(&vfs, 64 << 10)).unwrap();
        let model = MemoryLog::default();
        make(&log, &model, &[Call::Append(vec![(0, vec![100]), (1, vec![100, 200])])], 0).await;
        log.shutdown().await.unwrap();
        drop(log);
        // One that commits when it is told to, so that calls are in one batch for certain.
        let log = EmbeddedLog::open(stepped(sized(&vfs, 64 << 10))).unwrap();
        let held: usize = vfs.live().values().map(|bytes| bytes.len()).sum();
        vfs.set_capacity(Some(held as u64));
        Call::Classify(1, Lane::Week).make(&*log, 1).await.unwrap();
        let trim = Call::Trim(1, 1);
        let append = Call::Append(vec![(1, vec![10])]);
        // The trim is led to another lane, the append must not follow it.
        let answers = (append.make(&*log, 1), trim.make(&*log, 2), append.make(&*log, 3));
        assert!(log.step(Step::Commit) && !log.step(Step::Commit));
        assert_eq!((answers.0.await, answers.1.await), (Err(LogError::NoSpace), Ok(())));
        assert_eq!(answers.2.await, Err(LogError::NoSpace));
        trim.make(&model, 2).await.unwrap();
        drop(log);
        let log = EmbeddedLog::open(sized(&vfs, 64 << 10)).unwrap();
        make(&log, &model, &[Call::Append(vec![(0, vec![30])]), Call::Close(2)], 4).await;
        vfs.set_capacity(None);
        Call::Classify(1, Lane::Week).make(&*log, 1).await.unwrap();
        make(&log, &model, &[Call::Append(vec![(1, vec![10]), (0, vec![7])]), Call::Trim(1, 2)], 6).await;
        assert_same(&log, &model).await;
        log.shutdown().await.unwrap();
        drop(log);
        let log = EmbeddedLog::open(sized(&vfs, 64 << 10)).unwrap();
        assert_same(&log, &model).await;
        assert_eq!(segments(&vfs.live(), 1).len(), 1);
    });
}

/// A log whose lanes took turns; the last commit is in the first.
async fn three_lanes(vfs: &FaultVfs) -> MemoryLog {
    let log = EmbeddedLog::open(tiny(vfs)).unwrap();
    let model = MemoryLog::default();
    let mut calls = vec![Call::Classify(1, Lane::Week), Call::Classify(2, Lane::Year)];
    for _round in 0..7 {
        calls.push(Call::Append(vec![(0, vec![900]), (1, vec![300]), (2, vec![200])]));
        calls.push(Call::Append(vec![(1, vec![700])]));
        calls.push(Call::Append(vec![(0, vec![80])]));
    }
    make(&log, &model, &calls, 0).await;
    log.shutdown().await.unwrap();
    model
}

#[test]
fn rot_at_the_end_of_one_lane_shows_by_the_others() {
    run(async {
        let vfs = FaultVfs::default();
        let model = three_lanes(&vfs).await;
        for lane in [1, 2] {
            let mut image = vfs.live();
            let (path, file) = segments(&image, lane).pop().unwrap();
            let (mut rotten, last) = (file.to_vec(), last_frame(&file));
            rotten[last + 60] ^= 4;
            image.insert(path.clone(), rotten.into());
            let vfs = FaultVfs::from_image(&image);
            let Err(LogError::Corrupt { path: named, position, .. }) = EmbeddedLog::open(tiny(&vfs)) else {
                panic!("a durable frame was taken for a torn one");
            };
            assert_eq!((PathBuf::from(named), position), (path, last as u64));
            let verified = Offline::open(disk(&image).path()).unwrap().verify(&mut |_, _| {}).unwrap();
            assert!(verified.refusal.is_some() && verified.damage.len() == 1, "{verified:?}");

            let log = EmbeddedLog::open(EmbeddedConfig { repair: true, ..tiny(&vfs) }).unwrap();
            let (kept, whole) = (state(&*log).await.unwrap(), state(&model).await.unwrap());
            for id in [0, 1, 2].into_iter().filter(|id| *id != u64::from(lane)) {
                assert_eq!(kept[&id], whole[&id], "lane {lane}");
            }
            // Nobody is given records with a hole before them.
            let (bounds, records) = &kept[&u64::from(lane)];
            assert_eq!(records.len() as u64, bounds.end.0 - bounds.start.0);
            Call::Append(vec![(0, vec![5]), (1, vec![6]), (2, vec![7])]).make(&*log, 99).await.unwrap();
            let kept = state(&*log).await.unwrap();
            log.shutdown().await.unwrap();
            drop(log);
            let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
            assert_eq!(state(&*log).await.unwrap(), kept, "without a repair");
        }
    });
}

#[test]
fn a_lane_whose_newest_file_is_gone_is_missed() {
    run(async {
        let vfs = FaultVfs::default();
        let model = three_lanes(&vfs).await;
        for lane in [0, 1, 2] {
            let mut image = vfs.live();
            let (path, _) = segments(&image, lane).pop().unwrap();
            image.remove(&path);
            let vfs = FaultVfs::from_image(&image);
            assert!(matches!(EmbeddedLog::open(tiny(&vfs)), Err(LogError::Corrupt { .. })), "lane {lane}");
            let log = match EmbeddedLog::open(EmbeddedConfig { repair: true, ..tiny(&vfs) }) {
                Ok(log) => log,
                Err(error) => panic!("lane {lane}: {error}"),
            };
            let (kept, whole) = (state(&*log).await.unwrap(), state(&model).await.unwrap());
            let lost: usize =
                whole.iter().map(|(id, (_, all))| all.len() - kept.get(id).map_or(0, |(_, k)| k.len())).sum();
            say(&format!("without the newest file of lane {lane}, a repair keeps all but {lost} records"));
            let read = log.read(PartitionId(u64::from(lane)), Offset(0), 1, 1).await;
            assert!(!matches!(read, Err(LogError::Corrupt { .. })), "{read:?}");
        }
    });
}
