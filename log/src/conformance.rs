//! The suite that every engine passes: the words of [`Log`] as assertions.
//!
//! It panics where an engine differs; it is for tests of engines, also outside of this crate. What it cannot see, the
//! disk after a crash, is tested per engine.

use std::sync::Arc;

use bytes::Bytes;
use types::{Offset, PartitionId, Timestamp};

use crate::{Bounds, Log, LogError, NewRecord, PartitionAppend, StoredRecord};

/// A record with an empty key when `key` is empty.
fn record(key: &str, value: &str) -> NewRecord {
    NewRecord { key: Bytes::copy_from_slice(key.as_bytes()), value: Bytes::copy_from_slice(value.as_bytes()) }
}

fn part(partition: PartitionId, values: &[&str]) -> PartitionAppend {
    PartitionAppend { partition, records: values.iter().map(|value| record("key", value)).collect() }
}

async fn append(log: &dyn Log, partition: PartitionId, values: &[&str], now: u64) -> (Offset, Timestamp) {
    let appended =
        log.append(vec![part(partition, values)], Timestamp(now)).await.expect("an append to an open partition");
    (appended[0].first, appended[0].time)
}

async fn values(log: &dyn Log, partition: PartitionId, from: u64) -> Vec<String> {
    let page = log.read(partition, Offset(from), usize::MAX, usize::MAX).await.expect("a read inside the bounds");
    for (index, record) in page.records.iter().enumerate() {
        assert_eq!(record.offset, Offset(from + index as u64), "records follow each other without gaps");
    }
    page.records.iter().map(text).collect()
}

fn text(record: &StoredRecord) -> String {
    String::from_utf8_lossy(&record.value).into_owned()
}

/// Runs every check, each on a fresh and empty log from `make`.
///
/// # Panics
/// Where the engine does not keep to the interface.
#[allow(clippy::expect_used, reason = "a test suite")]
pub async fn conformance(make: impl Fn() -> Arc<dyn Log>) {
    records_come_back_in_order(&*make()).await;
    pages_are_bounded(&*make()).await;
    times_never_decrease(&*make()).await;
    a_batch_is_all_or_nothing(&*make()).await;
    a_partition_may_be_named_twice(&*make()).await;
    calls_keep_their_order(&*make()).await;
    closing_is_for_ever(&*make()).await;
    trimming_moves_the_start(&*make()).await;
    a_dropped_partition_is_gone(&*make()).await;
    time_finds_offsets(&*make()).await;
    watchers_wake(&*make()).await;
    empty_appends_make_partitions(&*make()).await;
    large_records_come_back(&*make()).await;
    shutdown_refuses_changes(&*make()).await;
}

const A: PartitionId = PartitionId(1);
const B: PartitionId = PartitionId(70_000);

async fn records_come_back_in_order(log: &dyn Log) {
    assert_eq!(log.bounds(A), None);
    assert_eq!(log.read(A, Offset(0), 1, 1).await, Err(LogError::NoPartition(A)));
    assert_eq!(append(log, A, &["one", "two"], 5).await, (Offset(0), Timestamp(5)));
    assert_eq!(append(log, B, &["other"], 6).await, (Offset(0), Timestamp(6)));
    assert_eq!(append(log, A, &["three"], 7).await, (Offset(2), Timestamp(7)));
    assert_eq!(values(log, A, 0).await, ["one", "two", "three"]);
    assert_eq!(values(log, A, 1).await, ["two", "three"]);
    assert_eq!(values(log, A, 3).await, [""; 0]);
    assert_eq!(values(log, A, 99).await, [""; 0], "past the end is an empty page");
    assert_eq!(values(log, B, 0).await, ["other"]);
    let page = log.read(A, Offset(2), 9, 9).await.expect("a read");
    assert_eq!(page.records[0].key, "key");
    let bounds = Bounds { start: Offset(0), end: Offset(3), closed: None, last_time: Timestamp(7) };
    assert_eq!((page.bounds, log.bounds(A)), (bounds, Some(bounds)));
    // Keys and values: 4 * 3 bytes of keys, 3 + 3 + 5 + 5 of values.
    assert_eq!(log.bytes_appended(), 28);
}

async fn pages_are_bounded(log: &dyn Log) {
    append(log, A, &["aaaa", "bbbb"], 1).await;
    append(log, A, &["cccc", "", "dddd"], 2).await;
    let counts = async |records_max, bytes_max| {
        log.read(A, Offset(0), records_max, bytes_max).await.expect("a read").records.len()
    };
    assert_eq!(counts(0, usize::MAX).await, 0);
    assert_eq!(counts(3, usize::MAX).await, 3);
    assert_eq!(counts(usize::MAX, 0).await, 1, "the first record always comes");
    assert_eq!(counts(usize::MAX, 7).await, 1);
    assert_eq!(counts(usize::MAX, 13).await, 1);
    assert_eq!(counts(usize::MAX, 14).await, 2);
    assert_eq!(counts(usize::MAX, 24).await, 4);
    assert_eq!(counts(usize::MAX, usize::MAX).await, 5);
}

async fn times_never_decrease(log: &dyn Log) {
    append(log, A, &["a"], 100).await;
    assert_eq!(append(log, A, &["b"], 50).await.1, Timestamp(100), "time is raised to the last record's");
    assert_eq!(append(log, B, &["c"], 50).await.1, Timestamp(50), "each partition has its own");
    let records = log.read(A, Offset(0), 9, 99).await.expect("a read").records;
    assert_eq!(records.iter().map(|r| r.time.0).collect::<Vec<_>>(), [100, 100]);
}

async fn a_batch_is_all_or_nothing(log: &dyn Log) {
    append(log, A, &["a"], 1).await;
    log.close(A, Timestamp(2)).await.expect("a close");
    let batch = vec![part(B, &["x"]), part(A, &["y"])];
    assert_eq!(log.append(batch, Timestamp(3)).await, Err(LogError::Closed(A)));
    assert_eq!(log.bounds(B), None, "nothing of a refused batch is appended");
    let answers = log.append(vec![part(B, &["x"]), part(PartitionId(0), &["y", "z"])], Timestamp(3)).await;
    assert_eq!(answers.expect("an append").len(), 2, "one answer for each part");
}

async fn a_partition_may_be_named_twice(log: &dyn Log) {
    let batch = vec![part(A, &["a", "b"]), part(B, &["x"]), part(A, &["c"]), part(A, &[])];
    let answers = log.append(batch, Timestamp(1)).await.expect("an append");
    assert_eq!(answers.iter().map(|a| a.first.0).collect::<Vec<_>>(), [0, 0, 2, 3]);
    assert_eq!(values(log, A, 0).await, ["a", "b", "c"]);
}

async fn calls_keep_their_order(log: &dyn Log) {
    let texts: Vec<String> = (0..200).map(|number| format!("record {number}")).collect();
    let calls: Vec<_> = texts.iter().map(|text| log.append(vec![part(A, &[text])], Timestamp(1))).collect();
    for (index, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.expect("an append")[0].first, Offset(index as u64));
    }
    assert_eq!(values(log, A, 0).await, texts);
}

async fn closing_is_for_ever(log: &dyn Log) {
    append(log, A, &["a", "b"], 10).await;
    assert_eq!(log.close(A, Timestamp(5)).await, Ok(Offset(2)));
    assert_eq!(log.close(A, Timestamp(99)).await, Ok(Offset(2)), "closing twice answers the same");
    assert_eq!(log.append(vec![part(A, &["c"])], Timestamp(20)).await, Err(LogError::Closed(A)));
    let bounds = log.bounds(A).expect("a closed partition is there");
    assert_eq!((bounds.closed, bounds.last_time, bounds.end), (Some(Timestamp(10)), Timestamp(10), Offset(2)));
    assert_eq!(values(log, A, 0).await, ["a", "b"]);
    assert_eq!(log.close(B, Timestamp(7)).await, Ok(Offset(0)), "an unknown partition can be closed");
    assert_eq!(log.bounds(B).and_then(|bounds| bounds.closed), Some(Timestamp(7)));
}

async fn trimming_moves_the_start(log: &dyn Log) {
    assert_eq!(log.trim(A, Offset(1)).await, Err(LogError::NoPartition(A)));
    append(log, A, &["a", "b", "c"], 1).await;
    log.trim(A, Offset(2)).await.expect("a trim");
    let trimmed = LogError::Trimmed { partition: A, offset: Offset(1), start: Offset(2) };
    assert_eq!(log.read(A, Offset(1), 9, 9).await, Err(trimmed));
    assert_eq!(values(log, A, 2).await, ["c"]);
    log.trim(A, Offset(1)).await.expect("a trim");
    assert_eq!(log.bounds(A).map(|b| b.start), Some(Offset(2)), "the start never goes back");
    log.trim(A, Offset(99)).await.expect("a trim");
    assert_eq!(log.bounds(A).map(|b| (b.start, b.end)), Some((Offset(3), Offset(3))), "clamped to the end");
    assert_eq!(append(log, A, &["d"], 1).await.0, Offset(3));
    assert_eq!(values(log, A, 3).await, ["d"]);
    assert_eq!(log.offset_at_time(A, Timestamp(0)).await, Ok(Offset(3)), "not before the start");
}

async fn a_dropped_partition_is_gone(log: &dyn Log) {
    append(log, A, &["a"], 1).await;
    append(log, B, &["b"], 1).await;
    log.drop_partition(A).await.expect("a drop");
    log.drop_partition(A).await.expect("dropping twice is fine");
    assert_eq!(log.bounds(A), None);
    let gone = LogError::NoPartition(A);
    assert_eq!(log.read(A, Offset(0), 9, 9).await, Err(gone.clone()));
    assert_eq!(log.append(vec![part(A, &["c"])], Timestamp(2)).await, Err(gone.clone()));
    assert_eq!(log.close(A, Timestamp(2)).await, Err(gone.clone()));
    assert_eq!(log.trim(A, Offset(0)).await, Err(gone.clone()));
    assert_eq!(log.offset_at_time(A, Timestamp(0)).await, Err(gone));
    assert_eq!(values(log, B, 0).await, ["b"], "others stay");
}

async fn time_finds_offsets(log: &dyn Log) {
    assert_eq!(log.offset_at_time(A, Timestamp(0)).await, Err(LogError::NoPartition(A)));
    append(log, A, &["a", "b"], 10).await;
    append(log, A, &["c"], 20).await;
    append(log, A, &["d", "e"], 20).await;
    append(log, A, &["f"], 30).await;
    for (time, offset) in [(0, 0), (10, 0), (11, 2), (20, 2), (21, 5), (30, 5), (31, 6)] {
        assert_eq!(log.offset_at_time(A, Timestamp(time)).await, Ok(Offset(offset)), "time {time}");
    }
}

async fn watchers_wake(log: &dyn Log) {
    let mut watcher = log.watch(A);
    assert_eq!(*watcher.borrow_and_update(), Offset(0), "zero before the partition exists");
    append(log, A, &["a", "b"], 1).await;
    watcher.changed().await.expect("the log is there");
    assert_eq!(*watcher.borrow_and_update(), Offset(2));
    assert_eq!(*log.watch(A).borrow(), Offset(2), "a late watcher sees the end at once");
    log.close(A, Timestamp(2)).await.expect("a close");
    watcher.changed().await.expect("the close wakes");
    assert_eq!(*watcher.borrow_and_update(), Offset(2));
}

async fn empty_appends_make_partitions(log: &dyn Log) {
    assert_eq!(append(log, A, &[], 9).await.0, Offset(0));
    let bounds = Bounds { start: Offset(0), end: Offset(0), closed: None, last_time: Timestamp(0) };
    assert_eq!(log.bounds(A), Some(bounds));
    assert_eq!(values(log, A, 0).await, [""; 0]);
    assert_eq!(log.append(Vec::new(), Timestamp(1)).await, Ok(Vec::new()));
}

async fn large_records_come_back(log: &dyn Log) {
    let large = "x".repeat(300_000);
    let small: Vec<String> = (0..50).map(|number| format!("{number}{}", "y".repeat(10_000))).collect();
    let small: Vec<&str> = small.iter().map(String::as_str).collect();
    append(log, A, &[&large, "", &large], 1).await;
    append(log, A, &small, 2).await;
    let all = values(log, A, 0).await;
    assert_eq!((all.len(), all[0].len(), all[1].len(), all[2].len()), (53, 300_000, 0, 300_000));
    assert_eq!(all[3..], small);
    assert_eq!(values(log, A, 30).await, small[27..]);
}

async fn shutdown_refuses_changes(log: &dyn Log) {
    append(log, A, &["a"], 1).await;
    log.shutdown().await.expect("a shutdown");
    let stopped = |outcome| matches!(outcome, Err(LogError::Stopped(_)));
    assert!(stopped(log.append(vec![part(A, &["b"])], Timestamp(2)).await.map(|_| ())));
    assert!(stopped(log.close(A, Timestamp(2)).await.map(|_| ())));
    assert!(stopped(log.trim(A, Offset(1)).await));
    assert!(stopped(log.drop_partition(A).await));
    assert_eq!(values(log, A, 0).await, ["a"], "reads go on");
    log.shutdown().await.expect("a second shutdown");
}
