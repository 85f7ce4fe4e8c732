//! The embedded engine over process restarts on the file system of the machine.
#![allow(clippy::unwrap_used, reason = "a test")]

use bytes::Bytes;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::{Bounds, Log, LogError, NewRecord, PartitionAppend};
use types::{Offset, PartitionId, Timestamp};

fn part(partition: u64, values: &[&str]) -> PartitionAppend {
    let record = |value: &&str| NewRecord { key: Bytes::new(), value: Bytes::copy_from_slice(value.as_bytes()) };
    PartitionAppend { partition: PartitionId(partition), records: values.iter().map(record).collect() }
}

async fn values(log: &EmbeddedLog, partition: u64, from: u64) -> Vec<String> {
    let page = log.read(PartitionId(partition), Offset(from), usize::MAX, usize::MAX).await.unwrap();
    page.records.iter().map(|record| String::from_utf8_lossy(&record.value).into_owned()).collect()
}

#[tokio::test]
async fn bounds_and_records_survive() {
    let dir = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig { segment_bytes: 1, ..EmbeddedConfig::at(dir.path()) };
    let mut expected = Vec::new();
    for round in 0..10 {
        let log = EmbeddedLog::open(config.clone()).unwrap();
        for index in 0..20 {
            let value = format!("{round}-{index}-{}", "x".repeat(100));
            log.append(vec![part(1, &[&value]), part(2, &["y"])], Timestamp(round * 100 + index)).await.unwrap();
            expected.push(value);
        }
        assert_eq!(values(&log, 1, 0).await, expected);
        let at = log.offset_at_time(PartitionId(1), Timestamp(round * 100)).await;
        assert_eq!(at, Ok(Offset(round * 20)));
        log.append(vec![part(100 + round, &["a", "b"])], Timestamp(5)).await.unwrap();
        match round % 3 {
            0 => log.drop_partition(PartitionId(100 + round)).await.unwrap(),
            1 => log.trim(PartitionId(100 + round), Offset(1)).await.unwrap(),
            _ => assert_eq!(log.close(PartitionId(100 + round), Timestamp(9)).await, Ok(Offset(2))),
        }
    }
    let log = EmbeddedLog::open(config).unwrap();
    assert_eq!(values(&log, 1, 0).await, expected);
    assert_eq!(log.bounds(PartitionId(100)), None);
    let gone = log.append(vec![part(103, &["z"])], Timestamp(0)).await;
    assert_eq!(gone, Err(LogError::NoPartition(PartitionId(103))), "dropped ids stay dropped");
    let bounds = |start, closed, last_time| {
        Some(Bounds { start: Offset(start), end: Offset(2), closed, last_time: Timestamp(last_time) })
    };
    assert_eq!(log.bounds(PartitionId(104)), bounds(1, None, 5));
    assert_eq!(log.bounds(PartitionId(105)), bounds(0, Some(Timestamp(9)), 9));
}

#[tokio::test]
async fn trimmed_segments_give_their_space_back() {
    let dir = tempfile::tempdir().unwrap();
    let config = EmbeddedConfig { segment_bytes: 32 << 10, ..EmbeddedConfig::at(dir.path()) };
    let log = EmbeddedLog::open(config.clone()).unwrap();
    let value = "v".repeat(1000);
    for index in 0..400 {
        log.append(vec![part(1, &[&value])], Timestamp(index)).await.unwrap();
        if index >= 50 {
            log.trim(PartitionId(1), Offset(index - 50)).await.unwrap();
        }
    }
    assert!(log.disk_bytes() <= 5 * (32 << 10), "{}", log.disk_bytes());
    log.shutdown().await.unwrap();
    let files = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    assert!(files.sum::<u64>() <= 8 * (32 << 10));
    let log = EmbeddedLog::open(config).unwrap();
    assert_eq!(values(&log, 1, 349).await.len(), 51);
    assert_eq!(log.bytes_appended(), 0, "counted since open");
}
