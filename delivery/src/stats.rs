//! What a delivery stream did since the server started, and what still waits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use types::Timestamp;

/// The last failure of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// When it was.
    pub time: Timestamp,
    /// What the destination said.
    pub message: String,
}

/// Counts since the server started, unless a field says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records taken: put directly, or read from the source stream, where an aggregate is one.
    pub records_in: u64,
    /// Their bytes.
    pub bytes_in: u64,
    /// Objects stored.
    pub objects_delivered: u64,
    /// Records in them; of an aggregate, its user records.
    pub records_delivered: u64,
    /// Bytes of these objects, as stored.
    pub bytes_delivered: u64,
    /// Records given up: older than 24 h in a failing DirectPut, or expired in the source stream.
    pub records_lost: u64,
    /// Durable records that are not in a stored object now.
    pub records_waiting: u64,
    /// How long ago the oldest record in memory arrived, the object that is being stored included.
    pub oldest_record_age: Option<Duration>,
    /// Attempts that failed.
    pub failures: u64,
    /// The last failed attempt; `None` again after a success.
    pub last_error: Option<Failure>,
}

/// What a worker and the puts count in.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) stats: Stats,
    /// Arrival of the oldest record in memory.
    pub(crate) oldest: Option<Timestamp>,
    /// The last checkpoint.
    pub(crate) delivered: crate::checkpoint::Positions,
}

impl Meter {
    pub(crate) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn took(&self, records: u64, bytes: u64) {
        let mut counts = self.counts();
        counts.stats.records_in += records;
        counts.stats.bytes_in += bytes;
    }

    pub(crate) fn delivered(&self, records: u64, bytes: u64) {
        let mut counts = self.counts();
        counts.stats.objects_delivered += 1;
        counts.stats.records_delivered += records;
        counts.stats.bytes_delivered += bytes;
        counts.stats.last_error = None;
    }

    pub(crate) fn lost(&self, records: u64) {
        self.counts().stats.records_lost += records;
    }

    pub(crate) fn failed(&self, time: Timestamp, message: String) {
        let mut counts = self.counts();
        counts.stats.failures += 1;
        counts.stats.last_error = Some(Failure { time, message });
    }
}
