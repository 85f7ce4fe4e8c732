//! Files of every format version that was ever released stay readable: `golden/v1` was written by version 1.
//!
//! A new version gets a folder of its own; `UPDATE_GOLDEN=1 cargo test -p log@0.1.0 --test golden` writes the newest one again.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::{DiskImage, FaultVfs};
use log::{Bounds, Log, LogError, NewRecord, PartitionAppend};
use support::{run, tiny};
use types::{Offset, PartitionId, Random, Timestamp};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

/// Salts that are the same in every run.
struct Fixed;

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0xa5);
    }
}

fn value(number: u64) -> String {
    format!("value {number} {}", "·".repeat(number as usize * 3))
}

/// What stands in the files: 40 records in partition 65536 from 1,700,000,000,000 ms on, ten apart; a closed partition 7;
/// a partition 9 trimmed to 2; a dropped partition 8; an empty partition 10.
async fn write(log: &EmbeddedLog) {
    let part = |partition: u64, values: Vec<String>| PartitionAppend {
        partition: PartitionId(partition),
        records: values.into_iter().map(|v| NewRecord { key: Bytes::from("key"), value: Bytes::from(v) }).collect(),
    };
    for number in 0..40 {
        let time = Timestamp(1_700_000_000_000 + number * 10);
        log.append(vec![part(65_536, vec![value(number)])], time).await.unwrap();
    }
    let three = || vec!["a".to_string(), String::new(), "c".to_string()];
    let parts = vec![part(7, three()), part(8, three()), part(9, three()), part(10, vec![])];
    log.append(parts, Timestamp(1_700_000_001_000)).await.unwrap();
    log.close(PartitionId(7), Timestamp(1_700_000_002_000)).await.unwrap();
    log.drop_partition(PartitionId(8)).await.unwrap();
    log.trim(PartitionId(9), Offset(2)).await.unwrap();
    log.shutdown().await.unwrap();
}

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

#[test]
fn version_1_is_read() {
    run(async {
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            regenerate().await;
        }
        let mut image = DiskImage::new();
        for entry in fs::read_dir(folder()).unwrap() {
            let path = entry.unwrap().path();
            image.insert(Path::new("/log").join(path.file_name().unwrap()), Arc::new(fs::read(&path).unwrap()));
        }
        assert!(image.len() >= 3, "the golden files are there");
        let vfs = FaultVfs::from_image(&image);
        check(&EmbeddedLog::open(tiny(&vfs)).unwrap()).await;
        // Without the sidecars everything comes from the frames.
        image.retain(|path, _| path.extension().is_some_and(|extension| extension == "log"));
        let vfs = FaultVfs::from_image(&image);
        check(&EmbeddedLog::open(tiny(&vfs)).unwrap()).await;
    });
}

async fn regenerate() {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(EmbeddedConfig { random: Arc::new(Fixed), ..tiny(&vfs) }).unwrap();
    write(&log).await;
    let _none = fs::remove_dir_all(folder());
    fs::create_dir_all(folder()).unwrap();
    for (path, bytes) in vfs.live() {
        fs::write(folder().join(path.file_name().unwrap()), &*bytes).unwrap();
    }
}
