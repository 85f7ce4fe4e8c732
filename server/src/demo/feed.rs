//! From sources to the stream: a thread that measures at a steady pace, and a task that puts what all sources queue,
//! in batches, until every record is acknowledged.
//!
//! Owns: pace, batches, retries. Refuses: what is in a record (`telemetry.rs`, `input.rs`).

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;
use types::{Clock, SystemClock};
use wire::Blob;
use wire::kinesis::{PutRecordsInput, PutRecordsOutput, PutRecordsRequestEntry};

use super::board::Board;
use super::telemetry::Sampler;
use crate::client::{CallError, Client, Service};

/// Records that wait to be put; a full queue slows its sources down.
pub(super) const QUEUE_COUNT_MAX: usize = 4096;
/// Half of what PutRecords takes: the other half leaves room for base64 and for the server's other clients.
const BATCH_BYTES_MAX: usize = types::limits::PUT_RECORDS_BYTES_MAX / 2;
const BATCH_COUNT_MAX: usize = types::limits::PUT_RECORDS_COUNT_MAX;
/// How long a record may wait for company.
const LINGER: Duration = Duration::from_millis(50);
const RETRY_PAUSE_FIRST: Duration = Duration::from_millis(50);
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(2);

/// A record before it is in the stream.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) partition_key: String,
    pub(super) data: Bytes,
}

impl Entry {
    /// The longest partition key (API reference, PutRecordsRequestEntry).
    pub(super) const PARTITION_KEY_CHARACTERS_MAX: usize = 256;
}

/// Measures `rate` times a second on a thread of its own (reading counters blocks) until the queue is closed.
pub(super) fn spawn_telemetry(rate: u32, queue: mpsc::Sender<Entry>) -> Result<(), sysinfo::Error> {
    let mut sampler = Sampler::new(rate)?;
    let period = Duration::from_secs(1) / rate;
    let measure = move || {
        let mut next = now();
        while !queue.is_closed() {
            for entry in sampler.sample(SystemClock.now()) {
                if queue.blocking_send(entry).is_err() {
                    return;
                }
            }
            next += period;
            match next.checked_duration_since(now()) {
                Some(rest) => std::thread::sleep(rest),
                // Behind: go on from here rather than catch up in a burst.
                None => next = now(),
            }
        }
    };
    let spawned = std::thread::Builder::new().name("telemetry".into()).spawn(measure);
    spawned.map(drop).map_err(sysinfo::Error::Io)
}

#[allow(clippy::disallowed_methods, reason = "the demo measures the real machine at a real pace")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// Puts what is queued. After `stop` the queue takes no more, and this returns when all it held is acknowledged.
pub(super) async fn put_all(
    client: &Client,
    stream: &str,
    mut queue: mpsc::Receiver<Entry>,
    stop: impl Future<Output = ()>,
    board: &Board,
) {
    let mut stop = std::pin::pin!(stop);
    let mut left_over = None;
    loop {
        let entry = match left_over.take() {
            Some(entry) => entry,
            None => tokio::select! {
                biased;
                () = &mut stop => break,
                // This side closes the queue, so its sources can only end early together.
                Some(entry) = queue.recv() => entry,
                else => break,
            },
        };
        left_over = put_next(client, stream, entry, &mut queue, board).await;
    }
    queue.close();
    loop {
        let next = match left_over.take() {
            Some(entry) => Some(entry),
            None => queue.recv().await,
        };
        let Some(entry) = next else { return };
        left_over = put_next(client, stream, entry, &mut queue, board).await;
    }
}

/// Puts one batch that starts with `entry`; returns the entry that did not fit.
async fn put_next(
    client: &Client,
    stream: &str,
    entry: Entry,
    queue: &mut mpsc::Receiver<Entry>,
    board: &Board,
) -> Option<Entry> {
    let mut batch = vec![entry];
    let left_over = fill(&mut batch, queue).await;
    put_batch(client, stream, batch, board).await;
    left_over
}

/// Adds to the batch for as long as it may linger; returns the entry that did not fit.
async fn fill(batch: &mut Vec<Entry>, queue: &mut mpsc::Receiver<Entry>) -> Option<Entry> {
    let size = |entry: &Entry| entry.data.len() + entry.partition_key.len();
    let mut bytes: usize = batch.iter().map(size).sum();
    let mut linger = SystemClock.sleep(LINGER);
    while batch.len() < BATCH_COUNT_MAX {
        let entry = tokio::select! {
            biased;
            entry = queue.recv() => entry?,
            () = &mut linger => return None,
        };
        bytes += size(&entry);
        if bytes > BATCH_BYTES_MAX {
            return Some(entry);
        }
        batch.push(entry);
    }
    None
}

/// Puts one batch; what the answer refuses is put again, after a pause that grows.
async fn put_batch(client: &Client, stream: &str, mut batch: Vec<Entry>, board: &Board) {
    let mut pause = RETRY_PAUSE_FIRST;
    while !batch.is_empty() {
        match put_records(client, stream, &batch).await {
            Ok(acknowledged) => {
                let mut refused = Vec::new();
                for (entry, acknowledged) in batch.into_iter().zip(acknowledged) {
                    if acknowledged {
                        board.acknowledged(1, entry.data.len() as u64);
                    } else {
                        refused.push(entry);
                    }
                }
                batch = refused;
            }
            Err(CallError::Refused { status: 400..500, message, .. }) => {
                // Such a batch is refused each time it comes.
                tracing::warn!(records = batch.len(), %message, "records were refused");
                board.dropped(batch.len() as u64);
                return;
            }
            Err(error) => tracing::warn!(%error, "records were not put, trying again"),
        }
        if !batch.is_empty() {
            board.retried(batch.len() as u64);
            SystemClock.sleep(pause).await;
            pause = (pause * 2).min(RETRY_PAUSE_MAX);
        }
    }
}

/// PutRecords; says of each entry whether it was acknowledged.
async fn put_records(client: &Client, stream: &str, entries: &[Entry]) -> Result<Vec<bool>, CallError> {
    let operation = "PutRecords";
    let entry = |entry: &Entry| PutRecordsRequestEntry {
        data: Some(Blob(entry.data.clone())),
        partition_key: Some(entry.partition_key.clone()),
        ..Default::default()
    };
    let records = Some(entries.iter().map(entry).collect());
    let input = PutRecordsInput { stream_name: Some(stream.into()), records, ..Default::default() };
    let output: PutRecordsOutput = client.call(Service::Kinesis, operation, &input).await?;
    let results = output.records.filter(|results| results.len() == entries.len());
    let results = results.ok_or(CallError::Shape { operation })?;
    Ok(results.iter().map(|result| result.sequence_number.is_some()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(bytes: usize) -> Entry {
        Entry { partition_key: "k".into(), data: vec![b'x'; bytes].into() }
    }

    #[tokio::test]
    async fn a_batch_keeps_to_both_limits() {
        let (sender, mut queue) = mpsc::channel(2000);
        for _ in 0..600 {
            sender.try_send(entry(10)).unwrap();
        }
        let mut batch = vec![entry(10)];
        assert!(fill(&mut batch, &mut queue).await.is_none());
        assert_eq!(batch.len(), BATCH_COUNT_MAX);

        let (sender, mut queue) = mpsc::channel(2000);
        for _ in 0..6 {
            sender.try_send(entry(1 << 20)).unwrap();
        }
        let mut batch = vec![queue.recv().await.unwrap()];
        assert!(fill(&mut batch, &mut queue).await.is_some());
        assert!(batch.len() < 6);
    }

    #[tokio::test]
    async fn a_lonely_record_does_not_wait_long() {
        let (_sender, mut queue) = mpsc::channel(1);
        let mut batch = vec![entry(1)];
        assert!(fill(&mut batch, &mut queue).await.is_none());
        assert_eq!(batch.len(), 1);
    }
}
