//! The one task that writes: it owns the order of the metrics' partition and of what is added to the store.
//!
//! What waits is taken together, appended as one batch and, when that is durable, added; so a reader sees nothing that
//! a crash could take back, and a restart adds the same points in the same order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use log::{Log, LogError, NewRecord, PartitionAppend};
use tokio::sync::{mpsc, oneshot};
use types::{Clock, Offset, Scope, Timestamp};

use super::CloudWatchError;
use super::record::{METRICS_PARTITION, Record, SavedSeries};
use super::series::Point;
use super::store::{Limits, Store};

/// Calls of which one append is made at most.
const BATCH_MAX: usize = 64;
/// Bytes read at a time on replay.
const REPLAY_PAGE_BYTES: usize = 1 << 20;
/// Bytes put since the last snapshot after which another is worth it, unless the last one was larger.
const SNAPSHOT_BYTES: u64 = 4 << 20;
/// A snapshot is made after so long in any case: until it is, the records before it hold their part of the shared log.
const SNAPSHOT_PERIOD: Duration = Duration::from_secs(6 * 3600);
/// How often the period is looked at.
const LOOK: Duration = Duration::from_secs(600);

/// The store, read by calls and written by the writer.
pub(super) type Shared = Arc<Mutex<Store>>;

/// What one call puts.
pub(super) struct Put {
    pub(super) scope: Scope,
    pub(super) points: Vec<Point>,
    pub(super) answer: oneshot::Sender<Result<(), CloudWatchError>>,
}

/// See the module text.
pub(super) struct Writer {
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    store: Shared,
    /// Bytes in the partition that the last snapshot does not cover, and bytes of that snapshot.
    put_bytes: u64,
    snapshot_bytes: u64,
    snapshot_time: Timestamp,
}

impl Writer {
    /// Replays the partition.
    pub(super) async fn open(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        limits: Limits,
    ) -> Result<Self, CloudWatchError> {
        let (store, put_bytes, snapshot_bytes) = replay(&*log, limits).await?;
        let snapshot_time = clock.now();
        let store = Arc::new(Mutex::new(store));
        Ok(Self { log, clock, store, put_bytes, snapshot_bytes, snapshot_time })
    }

    pub(super) fn store(&self) -> Shared {
        self.store.clone()
    }

    /// Writes until every handle is gone.
    pub(super) async fn run(mut self, mut calls: mpsc::Receiver<Put>) {
        loop {
            let first = tokio::select! {
                biased;
                call = calls.recv() => call,
                () = self.clock.sleep(LOOK) => {
                    self.maybe_snapshot().await;
                    continue;
                }
            };
            let Some(first) = first else { return };
            let mut batch = vec![first];
            while batch.len() < BATCH_MAX
                && let Ok(call) = calls.try_recv()
            {
                batch.push(call);
            }
            self.write(batch).await;
            self.maybe_snapshot().await;
        }
    }

    async fn write(&mut self, batch: Vec<Put>) {
        let mut records = Vec::with_capacity(batch.len());
        let mut taken = Vec::with_capacity(batch.len());
        for Put { scope, points, answer } in batch {
            let record = Record::Put { scope, points };
            if !record.is_empty() {
                records.push(encode(&record));
            }
            taken.push((record, answer));
        }
        let bytes: u64 = records.iter().map(|record| record.len() as u64).sum();
        match self.append(records).await {
            Err(error) => {
                for (_, answer) in taken {
                    // A caller that went away does not want to know.
                    let _gone = answer.send(Err(error.clone()));
                }
            }
            Ok((_, time)) => {
                self.put_bytes += bytes;
                for (record, answer) in taken {
                    if let Record::Put { scope, points } = record {
                        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
                        points.into_iter().for_each(|point| store.add(&scope, point, time));
                    }
                    let _gone = answer.send(Ok(()));
                }
            }
        }
    }

    async fn append(&self, records: Vec<Bytes>) -> Result<(Offset, Timestamp), CloudWatchError> {
        if records.is_empty() {
            return Ok((Offset::ZERO, self.clock.now()));
        }
        let records = records.into_iter().map(|value| NewRecord { key: Bytes::new(), value }).collect();
        let batch = vec![PartitionAppend { partition: METRICS_PARTITION, records }];
        let appended = self.log.append(batch, self.clock.now()).await?;
        let first = appended.first().ok_or(CloudWatchError::Stopped)?;
        Ok((first.first, first.time))
    }

    async fn maybe_snapshot(&mut self) {
        let now = self.clock.now();
        let grown = self.put_bytes >= SNAPSHOT_BYTES.max(self.snapshot_bytes);
        let due = self.put_bytes > 0 && now.since(self.snapshot_time) >= SNAPSHOT_PERIOD;
        if !grown && !due {
            return;
        }
        if let Err(error) = self.snapshot().await {
            tracing::warn!(%error, "the metrics' snapshot was not written; the records before it stay");
        }
        // After a failure as well, so that the next one is not tried with each put.
        self.snapshot_time = now;
        self.put_bytes = 0;
    }

    /// Writes the store and forgets the records before it.
    async fn snapshot(&mut self) -> Result<(), CloudWatchError> {
        let parts = Record::snapshot(&self.store.lock().unwrap_or_else(PoisonError::into_inner));
        let mut first = None;
        let mut bytes = 0;
        for part in &parts {
            let encoded = encode(part);
            bytes += encoded.len() as u64;
            let (offset, _) = self.append(vec![encoded]).await?;
            first.get_or_insert(offset);
        }
        if let Some(first) = first {
            self.log.trim(METRICS_PARTITION, first).await?;
        }
        self.snapshot_bytes = bytes;
        Ok(())
    }
}

fn encode(record: &Record) -> Bytes {
    serde_json::to_vec(record).expect("texts, numbers and lists have a JSON form").into()
}

/// The store, and bytes of the records after and of the last snapshot.
async fn replay(log: &dyn Log, limits: Limits) -> Result<(Store, u64, u64), CloudWatchError> {
    let mut replay = Replay { store: Store::new(limits), limits, put_bytes: 0, snapshot_bytes: 0, parts: Vec::new() };
    let Some(bounds) = log.bounds(METRICS_PARTITION) else { return Ok((replay.store, 0, 0)) };
    let mut next = bounds.start;
    while next < bounds.end {
        let page = log.read(METRICS_PARTITION, next, usize::MAX, REPLAY_PAGE_BYTES).await?;
        let Some(last) = page.records.last() else {
            return Err(CloudWatchError::Log(LogError::NoPartition(METRICS_PARTITION)));
        };
        next = last.offset.next();
        for stored in page.records {
            let record = serde_json::from_slice(&stored.value)
                .map_err(|error| CloudWatchError::Unreadable { offset: stored.offset.0, message: error.to_string() })?;
            replay.take(record, stored.time, stored.value.len() as u64);
        }
    }
    Ok((replay.store, replay.put_bytes, replay.snapshot_bytes))
}

struct Replay {
    store: Store,
    limits: Limits,
    put_bytes: u64,
    snapshot_bytes: u64,
    /// Of a snapshot whose last part has not come.
    parts: Vec<SavedSeries>,
}

impl Replay {
    fn take(&mut self, record: Record, time: Timestamp, bytes: u64) {
        match record {
            Record::Put { scope, points } => {
                self.put_bytes += bytes;
                points.into_iter().for_each(|point| self.store.add(&scope, point, time));
            }
            Record::Snapshot { first, last, series } => {
                if first {
                    self.parts.clear();
                    self.snapshot_bytes = 0;
                }
                self.snapshot_bytes += bytes;
                self.parts.extend(series);
                if last {
                    self.store = Store::new(self.limits);
                    self.parts.drain(..).for_each(|series| series.restore(&mut self.store));
                    self.put_bytes = 0;
                }
            }
        }
    }
}
