//! Files of every format version that was ever released stay readable: `golden/v1` was written by version 1 when it had
//! one lane, `golden/v1-lanes` when it had three; in the latter are also copies of segments.
//!
//! A new version gets a folder of its own; `UPDATE_GOLDEN=1 cargo test -p log@0.1.0 --test golden` writes `v1-lanes` again.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use log::embedded::{EmbeddedConfig, EmbeddedLog, Step};
use log::vfs::{DiskImage, FaultVfs};
use log::{Bounds, Lane, Log, LogError, MemoryLog};
use support::{Call, run, state, stepped, tiny};
use types::{Offset, PartitionId, Random, Timestamp};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// Salts that are all different and the same in every run.
#[derive(Default)]
struct Counted(AtomicU8);

impl Random for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

fn value(number: u64) -> String {
    format!("value {number} {}", "·".repeat(number as usize * 3))
}

/// What stands in the files of `v1`: 40 records in partition 65536 from 1,700,000,000,000 ms on, ten apart; a closed
/// partition 7; a partition 9 trimmed to 2; a dropped partition 8; an empty partition 10.
async fn check(log: &EmbeddedLog) {
    let records = log.read(PartitionId(65_536), Offset(0), usize::MAX, usize::MAX).await.unwrap().records;
    assert_eq!(records.len(), 40);
    for (number, record) in (0..).zip(&records) {
        assert_eq!((record.offset, record.time), (Offset(number), Timestamp(1_700_000_000_000 + number * 10)));
        assert_eq!((&*record.key, &*record.value), (&b"key"[..], value(number).as_bytes()));
    }
    assert_eq!(log.offset_at_time(PartitionId(65_536), Timestamp(1_700_000_000_195)).await, Ok(Offset(20)));
    let bounds = |start, end, closed, last| {
        Some(Bounds { start: Offset(start), end: Offset(end), closed, last_time: Timestamp(last) })
    };
    let closed = Timestamp(1_700_000_002_000);
    assert_eq!(log.bounds(PartitionId(7)), bounds(0, 3, Some(closed), closed.0));
    assert_eq!(log.bounds(PartitionId(9)), bounds(2, 3, None, 1_700_000_001_000));
    assert_eq!(log.bounds(PartitionId(10)), bounds(0, 0, None, 0));
    let gone = log.close(PartitionId(8), Timestamp(0)).await;
    assert_eq!(gone, Err(LogError::NoPartition(PartitionId(8))));
}

/// What is read of a folder, and then without its sidecars, when everything comes from the frames.
fn read_twice(name: &str) -> [Arc<EmbeddedLog>; 2] {
    let mut image = DiskImage::new();
    for entry in fs::read_dir(folder(name)).unwrap() {
        let path = entry.unwrap().path();
        image.insert(Path::new("/log").join(path.file_name().unwrap()), Arc::new(fs::read(&path).unwrap()));
    }
    assert!(image.len() >= 3, "the golden files are there");
    let whole = EmbeddedLog::open(tiny(&FaultVfs::from_image(&image))).unwrap();
    image.retain(|path, _| path.extension().is_some_and(|extension| extension == "log"));
    [whole, EmbeddedLog::open(tiny(&FaultVfs::from_image(&image))).unwrap()]
}

#[test]
fn version_1_is_read() {
    run(async {
        for log in read_twice("v1") {
            check(&log).await;
        }
    });
}

/// Partition 1 moves from lane to lane, one record in each, 30 times; 2 and 3 stay in the second and third lane; 0 is
/// trimmed to its end again and again, while 4 keeps its segments alive until they are copied.
fn wandering(number: usize) -> Vec<Call> {
    let lane = Lane::ALL[number / 5 % 3];
    vec![
        Call::Classify(1, lane),
        Call::Classify(2, Lane::Week),
        Call::Classify(3, Lane::Year),
        Call::Append(vec![(1, vec![10 + number]), (2, vec![300]), (3, vec![250])]),
        Call::Append(vec![(0, vec![700, 700, 90]), (4, vec![20])]),
        Call::Trim(0, 1 << 40),
    ]
}

#[test]
fn version_1_with_lanes_and_copies_is_read() {
    run(async {
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            regenerate().await;
        }
        let model = MemoryLog::default();
        for (number, call) in (0..30).flat_map(wandering).enumerate() {
            call.make(&model, number).await.unwrap();
        }
        let expected = state(&model).await.unwrap();
        for log in read_twice("v1-lanes") {
            assert_eq!(state(&*log).await.unwrap(), expected);
        }
        let headers = fs::read_dir(folder("v1-lanes")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        let kinds: BTreeSet<(u8, u8)> = headers.filter(|f| f.starts_with(b"THALWEG")).map(|f| (f[12], f[13])).collect();
        assert!(kinds.is_superset(&BTreeSet::from([(0, 0), (0, 1), (0, 2), (1, 0)])), "{kinds:?}");
    });
}

/// The files of a log that is killed at once after its last call: its lanes end as they happen to.
async fn regenerate() {
    let vfs = FaultVfs::default();
    let log =
        EmbeddedLog::open(EmbeddedConfig { random: Arc::new(Counted::default()), ..stepped(tiny(&vfs)) }).unwrap();
    for (number, call) in (0..30).flat_map(wandering).enumerate() {
        let answer = call.make(&*log, number);
        while log.step(Step::Commit) || log.step(Step::Maintain) {}
        answer.await.unwrap();
    }
    let folder = folder("v1-lanes");
    let _none = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for (path, bytes) in vfs.live() {
        fs::write(folder.join(path.file_name().unwrap()), &*bytes).unwrap();
    }
}
