//! Calls by operation: how many, how they ended, how long they took.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::dispatch::Target;
use crate::error::ApiError;

/// Upper bounds of the histogram's buckets, in microseconds; the last one is without bound.
pub(super) const BOUNDS_MICROS: [u64; 15] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];

/// How a call ended, by whose fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Success,
    ClientError,
    ServerError,
}

impl Outcome {
    pub(super) const ALL: [Self; 3] = [Self::Success, Self::ClientError, Self::ServerError];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ClientError => "client_error",
            Self::ServerError => "server_error",
        }
    }

    fn of<T>(result: &Result<T, ApiError>) -> Self {
        match result {
            Ok(_) => Self::Success,
            Err(error) if error.status >= 500 => Self::ServerError,
            Err(_) => Self::ClientError,
        }
    }
}

/// Counts of durations.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    counts: [AtomicU64; BOUNDS_MICROS.len() + 1],
    micros: AtomicU64,
}

impl Histogram {
    fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Seconds in all, calls in all, and for each bucket its upper bound in seconds and its calls.
    pub(super) fn read(&self) -> (f64, u64, Vec<(f64, u64)>) {
        let bounds = BOUNDS_MICROS.iter().map(|micros| *micros as f64 / 1e6).chain([f64::INFINITY]);
        let buckets: Vec<_> = bounds.zip(self.counts.iter().map(|count| count.load(Ordering::Relaxed))).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        (self.micros.load(Ordering::Relaxed) as f64 / 1e6, count, buckets)
    }
}

type ByOperation = HashMap<(&'static str, &'static str), Arc<[Histogram; 3]>>;

/// See the module text. Names come from the generated tables, so their number is bounded.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    operations: ArcSwap<ByOperation>,
    /// How often which error was answered; errors are rare enough for a lock.
    errors: Mutex<BTreeMap<(&'static str, &'static str, &'static str), u64>>,
}

impl Requests {
    /// A call ended.
    pub(crate) fn record<T>(&self, target: Target, result: &Result<T, ApiError>, took: Duration) {
        let key = (target.service.as_str(), target.operation);
        self.histograms(key)[Outcome::of(result) as usize].record(took);
        if let Err(error) = result {
            let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
            *errors.entry((key.0, key.1, error.code)).or_default() += 1;
        }
    }

    fn histograms(&self, key: (&'static str, &'static str)) -> Arc<[Histogram; 3]> {
        if let Some(known) = self.operations.load().get(&key) {
            return known.clone();
        }
        self.operations.rcu(|known| {
            let mut next = ByOperation::clone(known);
            next.entry(key).or_default();
            next
        });
        self.operations.load().get(&key).cloned().unwrap_or_default()
    }

    /// Histograms by service and operation, in order.
    pub(super) fn operations(&self) -> BTreeMap<(&'static str, &'static str), Arc<[Histogram; 3]>> {
        self.operations.load().iter().map(|(key, histograms)| (*key, histograms.clone())).collect()
    }

    /// Counts by service, operation and error code.
    pub(super) fn errors(&self) -> BTreeMap<(&'static str, &'static str, &'static str), u64> {
        self.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
