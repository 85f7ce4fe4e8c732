//! The records in memory that will be one object.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use types::{Clock, Offset, PartitionId, Record, Sleep, Timestamp};

use crate::checkpoint::Positions;
use crate::flow::Flow;

/// What an interval of 0 means: long enough to collect a burst, short enough to be "at once" (developer guide: within
/// a few seconds).
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// The records of one object, in the order they were read.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Their bytes, framed.
    pub(crate) body: Bytes,
    /// Lines about those that do not fit their format.
    pub(crate) dead_letters: Bytes,
    /// How many there are, the misfits included.
    pub(crate) records: u64,
    /// How many do not fit their format.
    pub(crate) misfits: u64,
    /// When the first of them arrived.
    pub(crate) oldest: Timestamp,
    /// When the last of them arrived.
    pub(crate) newest: Timestamp,
    /// Where reading goes on after them.
    pub(crate) positions: Positions,
}

#[derive(Debug, Default)]
struct Open {
    body: Vec<u8>,
    dead_letters: Vec<u8>,
    records: u64,
    misfits: u64,
    /// When the first of them was pushed.
    since: Timestamp,
    oldest: Timestamp,
    newest: Timestamp,
    positions: Positions,
}

/// Collects records until an object is due: by size, or by the time since the first one.
pub(crate) struct Buffer {
    clock: Arc<dyn Clock>,
    flow: Arc<Flow>,
    interval: watch::Receiver<Duration>,
    open: Open,
    deadline: Option<Sleep>,
}

impl Buffer {
    /// A buffer for objects as the flow wants them, which close `interval` after their first record.
    pub(crate) fn new(clock: Arc<dyn Clock>, flow: Arc<Flow>, interval: watch::Receiver<Duration>) -> Self {
        Self { clock, flow, interval, open: Open::default(), deadline: None }
    }

    /// Adds what is delivered of a record, whole: a checkpoint that fell between its payloads would deliver some again or
    /// lose the others. Says whether the object is full.
    pub(crate) fn push(&mut self, partition: PartitionId, offset: Offset, record: &Record, payloads: &[Bytes]) -> bool {
        let open = &mut self.open;
        open.positions.insert(partition, offset.next());
        if payloads.is_empty() {
            // Nothing to deliver: the position is saved with the next object.
            return false;
        }
        let arrival = record.arrival;
        if open.records == 0 {
            (open.oldest, open.newest, open.since) = (arrival, arrival, self.clock.now());
            self.deadline = Some(self.clock.sleep((*self.interval.borrow()).max(INTERVAL_MIN)));
        }
        open.records += payloads.len() as u64;
        open.oldest = open.oldest.min(arrival);
        open.newest = open.newest.max(arrival);
        for payload in payloads {
            let Err(misfit) = self.flow.framing.append(&mut open.body, payload) else { continue };
            open.misfits += 1;
            if let Some(dead_letters) = &self.flow.dead_letters {
                dead_letters.append(&mut open.dead_letters, record, payload, misfit);
            }
        }
        open.body.len() + open.dead_letters.len() >= self.flow.size_bytes
    }

    /// Completes when the object is due by time; never while the buffer is empty. Cancel-safe. An interval that changes
    /// holds for the open object too, from its first record on.
    pub(crate) async fn due(&mut self) {
        loop {
            let Some(deadline) = &mut self.deadline else { return std::future::pending().await };
            tokio::select! {
                () = deadline => return,
                Ok(()) = self.interval.changed() => {}
            }
            let interval = (*self.interval.borrow()).max(INTERVAL_MIN);
            let waited = self.clock.now().since(self.open.since);
            self.deadline = Some(self.clock.sleep(interval.saturating_sub(waited)));
        }
    }

    /// Takes what was collected; `None` when there is nothing.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.open.records == 0 {
            return None;
        }
        self.deadline = None;
        let Open { body, dead_letters, records, misfits, oldest, newest, positions, .. } =
            std::mem::take(&mut self.open);
        let (body, dead_letters) = (body.into(), dead_letters.into());
        Some(Batch { body, dead_letters, records, misfits, oldest, newest, positions })
    }

    /// When the oldest waiting record arrived.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        (self.open.records > 0).then_some(self.open.oldest)
    }
}

#[cfg(test)]
mod tests;
