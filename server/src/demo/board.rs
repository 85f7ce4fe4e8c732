//! What the demo knows about itself: counts from the tasks that feed, read and look, and what follows from them.
//!
//! Owns: counts, rates, lags. Refuses: how they look (`screen.rs`, read it next).

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use types::Timestamp;

use super::objects::Delivered;
use super::rows::Row;

/// Windows kept for the screen.
const WINDOWS_MAX: usize = 32;
/// Rates are averages over this span.
const RATE_SPAN: Duration = Duration::from_secs(3);
/// Moments kept to tell how old an undelivered record is: ten minutes of four a second.
const MOMENTS_MAX: usize = 2400;

/// Written by many tasks, read by the one that draws.
#[derive(Debug, Default)]
pub(super) struct Board {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    totals: Totals,
    delivered: Delivered,
    durable_bytes: u64,
    file_bytes: u64,
    windows: BTreeMap<Window, BTreeMap<CoreName, Row>>,
    row_lag: Option<Duration>,
    moments: VecDeque<(Timestamp, Totals)>,
}

/// Start and end of a window as the rows write them, which sorts by time.
type Window = (String, String);
/// A core's name, sorted as people do: `cpu2` before `cpu10`.
type CoreName = (usize, String);

/// Counts since the demo started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) retried: u64,
    pub(super) dropped: u64,
    pub(super) rows: u64,
}

/// Everything there is to show at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    pub(super) totals: Totals,
    pub(super) records_per_second: f64,
    pub(super) bytes_per_second: f64,
    pub(super) delivered: Delivered,
    /// Bytes made durable in the log since the start: all streams, and what the log adds.
    pub(super) durable_bytes: u64,
    /// Bytes of the log's files, which are made ahead.
    pub(super) file_bytes: u64,
    /// Records acknowledged and not yet in an object.
    pub(super) delivery_lag_records: u64,
    /// Since when the oldest of them waits.
    pub(super) delivery_lag: Duration,
    /// How long after the end of its window the last row was read.
    pub(super) row_lag: Option<Duration>,
    /// The latest windows, the newest first, each with its rows by core.
    pub(super) windows: Vec<(String, String, Vec<Row>)>,
}

impl Board {
    fn state(&self) -> MutexGuard<'_, State> {
        // The counts of a task that panicked are as good as ever.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn totals(&self) -> Totals {
        self.state().totals
    }

    pub(super) fn acknowledged(&self, records: u64, bytes: u64) {
        let mut state = self.state();
        state.totals.records += records;
        state.totals.bytes += bytes;
    }

    pub(super) fn retried(&self, records: u64) {
        self.state().totals.retried += records;
    }

    pub(super) fn dropped(&self, records: u64) {
        self.state().totals.dropped += records;
    }

    /// What is in the bucket, and in the log: durable bytes and bytes of files.
    pub(super) fn stored(&self, delivered: Delivered, (durable_bytes, file_bytes): (u64, u64)) {
        let mut state = self.state();
        state.delivered = delivered;
        state.durable_bytes = durable_bytes;
        state.file_bytes = file_bytes;
    }

    /// A row of the output stream, and how long after its window's end it was read.
    pub(super) fn row(&self, row: Row, lag: Option<Duration>) {
        let mut state = self.state();
        state.totals.rows += 1;
        state.row_lag = lag.or(state.row_lag);
        let window = (row.window_start.clone(), row.window_end.clone());
        let core = (row.core.len(), row.core.clone());
        state.windows.entry(window).or_default().insert(core, row);
        while state.windows.len() > WINDOWS_MAX {
            state.windows.pop_first();
        }
    }

    /// What there is to show now; each call is also one point of the rates.
    pub(super) fn snapshot(&self, now: Timestamp) -> Snapshot {
        let mut state = self.state();
        let totals = state.totals;
        state.moments.push_back((now, totals));
        if state.moments.len() > MOMENTS_MAX {
            state.moments.pop_front();
        }
        let (records_per_second, bytes_per_second) = state.rates(now);
        let windows = state.windows.iter().rev();
        Snapshot {
            totals,
            records_per_second,
            bytes_per_second,
            delivered: state.delivered,
            durable_bytes: state.durable_bytes,
            file_bytes: state.file_bytes,
            delivery_lag_records: totals.records.saturating_sub(state.delivered.records),
            delivery_lag: state.delivery_lag(now),
            row_lag: state.row_lag,
            windows: windows
                .map(|((start, end), rows)| (start.clone(), end.clone(), rows.values().cloned().collect()))
                .collect(),
        }
    }
}

impl State {
    fn rates(&self, now: Timestamp) -> (f64, f64) {
        let from = now.before(RATE_SPAN);
        let Some((then, before)) = self.moments.iter().find(|(time, _)| *time >= from) else { return (0.0, 0.0) };
        let seconds = now.since(*then).as_secs_f64();
        if seconds < 0.5 {
            return (0.0, 0.0);
        }
        let rate = |new: u64, old: u64| (new - old) as f64 / seconds;
        (rate(self.totals.records, before.records), rate(self.totals.bytes, before.bytes))
    }

    /// Records leave in about the order in which they came, so the oldest one that waits came when the count of
    /// acknowledged ones passed the count of delivered ones.
    fn delivery_lag(&self, now: Timestamp) -> Duration {
        let passed = self.moments.iter().find(|(_, totals)| totals.records > self.delivered.records);
        passed.map_or(Duration::ZERO, |(time, _)| now.since(*time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_and_lags_follow_from_counts() {
        let board = Board::default();
        for second in 0..6 {
            board.snapshot(Timestamp(1000 * second));
            board.acknowledged(100, 5000);
        }
        let seen = board.snapshot(Timestamp(6000));
        assert_eq!((seen.records_per_second, seen.bytes_per_second), (100.0, 5000.0));
        assert_eq!((seen.delivery_lag_records, seen.delivery_lag), (600, Duration::from_secs(5)));
        board.stored(Delivered { objects: 1, bytes: 9, records: 400 }, (77, 88));
        let seen = board.snapshot(Timestamp(6000));
        assert_eq!((seen.delivery_lag_records, seen.delivery_lag), (200, Duration::from_secs(1)));
        board.stored(Delivered { objects: 2, bytes: 9, records: 700 }, (77, 88));
        let seen = board.snapshot(Timestamp(6000));
        assert_eq!((seen.delivery_lag_records, seen.durable_bytes, seen.file_bytes), (0, 77, 88));
    }

    #[test]
    fn windows_are_newest_first_and_cores_in_order() {
        let board = Board::default();
        for (core, start) in [("cpu10", "1"), ("cpu2", "1"), ("cpu2", "2"), ("cpu2", "2")] {
            board.row(Row::example(core, start), None);
        }
        let windows = board.snapshot(Timestamp(0)).windows;
        assert_eq!(windows.len(), 2);
        assert_eq!((windows[0].0.as_str(), windows[0].2.len()), ("2", 1));
        let cores: Vec<&str> = windows[1].2.iter().map(|row| row.core.as_str()).collect();
        assert_eq!(cores, ["cpu2", "cpu10"]);
    }
}
