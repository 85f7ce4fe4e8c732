//! The records in memory that will be one object.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use types::{Clock, Offset, PartitionId, Sleep, Timestamp};

use crate::checkpoint::Positions;
use crate::config::Destination;

/// What an interval of 0 means: long enough to collect a burst, short enough to be "at once" (developer guide: within
/// a few seconds).
const INTERVAL_MIN: Duration = Duration::from_secs(1);

/// The records of one object, in the order they were read.
#[derive(Debug)]
pub(crate) struct Batch {
    /// Their bytes, with delimiters.
    pub(crate) body: Bytes,
    pub(crate) records: u64,
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
    records: u64,
    oldest: Timestamp,
    newest: Timestamp,
    positions: Positions,
}

/// Collects records until an object is due: by size, or by the time since the first one.
pub(crate) struct Buffer {
    clock: Arc<dyn Clock>,
    size_bytes: usize,
    interval: Duration,
    delimiter: Option<Vec<u8>>,
    open: Open,
    deadline: Option<Sleep>,
}

impl Buffer {
    pub(crate) fn new(clock: Arc<dyn Clock>, destination: &Destination) -> Self {
        let hints = destination.buffering;
        let delimiter = destination.processing.as_ref().and_then(|processing| processing.delimiter());
        Self {
            clock,
            size_bytes: (hints.size_mb as usize) << 20,
            interval: Duration::from_secs(hints.interval_seconds.into()).max(INTERVAL_MIN),
            delimiter,
            open: Open::default(),
            deadline: None,
        }
    }

    /// Adds what is delivered of a record, whole: a checkpoint that fell between its payloads would deliver some again or
    /// lose the others. Says whether the object is full.
    pub(crate) fn push(
        &mut self,
        partition: PartitionId,
        offset: Offset,
        arrival: Timestamp,
        payloads: &[Bytes],
    ) -> bool {
        let open = &mut self.open;
        open.positions.insert(partition, offset.next());
        if payloads.is_empty() {
            // Nothing to deliver: the position is saved with the next object.
            return false;
        }
        if open.records == 0 {
            (open.oldest, open.newest) = (arrival, arrival);
            self.deadline = Some(self.clock.sleep(self.interval));
        }
        open.records += payloads.len() as u64;
        open.oldest = open.oldest.min(arrival);
        open.newest = open.newest.max(arrival);
        for payload in payloads {
            open.body.extend_from_slice(payload);
            open.body.extend_from_slice(self.delimiter.as_deref().unwrap_or_default());
        }
        open.body.len() >= self.size_bytes
    }

    /// Completes when the object is due by time; never while the buffer is empty. Cancel-safe.
    pub(crate) async fn due(&mut self) {
        match &mut self.deadline {
            Some(deadline) => deadline.await,
            None => std::future::pending().await,
        }
    }

    /// Takes what was collected; `None` when there is nothing.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.open.records == 0 {
            return None;
        }
        self.deadline = None;
        let Open { body, records, oldest, newest, positions } = std::mem::take(&mut self.open);
        Some(Batch { body: body.into(), records, oldest, newest, positions })
    }

    /// When the oldest waiting record arrived.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        (self.open.records > 0).then_some(self.open.oldest)
    }
}

#[cfg(test)]
mod tests;
