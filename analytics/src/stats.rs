//! What an application has done and how far it has come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use types::Timestamp;

/// The figures of one application; counters live as long as its state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records read from its sources.
    pub records_in: u64,
    /// Rows written to its sinks.
    pub rows_out: u64,
    /// Rows that came after their window had fired, and were dropped.
    pub late: u64,
    /// Records that could not be read and were skipped (`json.ignore-parse-errors`).
    pub ignored: u64,
    /// How far event time has come, in milliseconds since 1970.
    pub watermark: Option<i64>,
    /// Durable records of its sources that it has not read yet.
    pub records_behind: u64,
    /// How often it failed and was started again from its checkpoint, since the server started.
    pub restarts: u64,
    /// The last failure, and when; it stays until the application has made progress again.
    pub failure: Option<(Timestamp, String)>,
}

/// Where a job writes its figures.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    stats: Mutex<Stats>,
}

impl Meter {
    pub(crate) fn stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
