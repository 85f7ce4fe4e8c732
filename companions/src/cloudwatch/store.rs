//! Every series, and how much of them is kept.
//!
//! Three bounds, applied with each write:
//! - Buckets older than [`RETENTION`] are dropped, and a series with none left.
//! - A scope holds at most [`Limits::series_max`] series; for a new one beyond, the ones that were written longest ago
//!   are dropped, some at a time.
//! - All buckets and names take at most [`Limits::bytes_max`]; beyond, the oldest minutes of all series are dropped.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use types::{Scope, Timestamp};

use super::metric::Metric;
use super::series::{BUCKET_BYTES, Minute, Point, Series, minute_of};

/// How long a minute is kept (CloudWatch: 15 days for buckets of a minute).
pub(super) const RETENTION: Duration = Duration::from_secs(15 * 24 * 3600);
/// What a series takes beside its texts and buckets, roughly.
const SERIES_BYTES: usize = 400;
/// Minutes between two looks for what is too old.
const SWEEP_MINUTES: Minute = 60;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Series of one account in one region.
    pub series_max: usize,
    /// Bytes of all series together.
    pub bytes_max: usize,
}

impl Default for Limits {
    /// 50,000 series of a scope and 64 MiB in all: 1.6 million buckets, a day of 1,100 metrics.
    fn default() -> Self {
        Self { series_max: 50_000, bytes_max: 64 << 20 }
    }
}

/// Names a series for as long as it is there; higher is newer.
pub(super) type SeriesId = u64;

/// The series of one scope.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) by_metric: HashMap<Arc<Metric>, SeriesId>,
    pub(super) by_id: BTreeMap<SeriesId, Series>,
}

/// See the module text.
#[derive(Debug, Default)]
pub(super) struct Store {
    limits: Limits,
    scopes: BTreeMap<Scope, Known>,
    next_id: SeriesId,
    bytes: usize,
    swept: Minute,
}

impl Store {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes a point that was put at `time`.
    pub(super) fn add(&mut self, scope: &Scope, point: Point, time: Timestamp) {
        self.sweep(time);
        if point.minute < self.horizon(time) {
            return;
        }
        let id = self.series(scope, &point.metric);
        let series = self.scopes.get_mut(scope).and_then(|series| series.by_id.get_mut(&id));
        let series = series.expect("the line before found or made it");
        series.written = series.written.max(time);
        if series.buckets_mut(point.unit).add(point.minute, &point.stats) {
            self.bytes += BUCKET_BYTES;
        }
        if self.bytes > self.limits.bytes_max {
            self.shrink();
        }
    }

    /// The series of a metric, made if need be.
    fn series(&mut self, scope: &Scope, metric: &Metric) -> SeriesId {
        let known = self.scopes.get(scope);
        if let Some(id) = known.and_then(|series| series.by_metric.get(metric)) {
            return *id;
        }
        if known.is_some_and(|series| series.by_id.len() >= self.limits.series_max) {
            self.forget_stale(scope);
        }
        let id = self.next_id;
        let metric = Arc::new(metric.clone());
        self.insert(scope, id, Series { metric, written: Timestamp(0), by_unit: Vec::new() });
        id
    }

    /// Puts a whole series in; used for what a snapshot holds as well.
    pub(super) fn insert(&mut self, scope: &Scope, id: SeriesId, series: Series) {
        self.next_id = self.next_id.max(id + 1);
        self.bytes += bytes_of(&series);
        let known = self.scopes.entry(scope.clone()).or_default();
        known.by_metric.insert(series.metric.clone(), id);
        known.by_id.insert(id, series);
    }

    /// Drops the tenth of a scope's series that was written longest ago: one at a time would look at all of them for
    /// each new one.
    fn forget_stale(&mut self, scope: &Scope) {
        let Some(known) = self.scopes.get_mut(scope) else { return };
        let mut by_age: Vec<_> = known.by_id.iter().map(|(id, series)| (series.written, *id)).collect();
        by_age.sort_unstable();
        by_age.truncate(self.limits.series_max / 10 + 1);
        tracing::warn!(account = %scope.account, region = %scope.region, count = by_age.len(), "too many metrics; those written longest ago are dropped");
        for (_, id) in by_age {
            if let Some(series) = known.by_id.remove(&id) {
                known.by_metric.remove(&series.metric);
                self.bytes -= bytes_of(&series);
            }
        }
    }

    /// Drops the oldest minutes until an eighth of the bound is free.
    fn shrink(&mut self) {
        let goal = self.limits.bytes_max / 8 * 7;
        let mut counts = BTreeMap::<Minute, usize>::new();
        for (_, buckets) in self.scopes.values().flat_map(|known| known.by_id.values()).flat_map(|s| &s.by_unit) {
            for bucket in buckets.iter() {
                *counts.entry(bucket.minute).or_default() += BUCKET_BYTES;
            }
        }
        let mut left = self.bytes;
        let mut horizon = 0;
        for (minute, bytes) in counts {
            if left <= goal {
                break;
            }
            left -= bytes;
            horizon = minute + 1;
        }
        tracing::warn!(minute = horizon, "the metrics' memory is full; minutes before this one are dropped");
        self.forget_before(horizon);
    }

    /// Once an hour, drops what is older than the retention.
    fn sweep(&mut self, now: Timestamp) {
        let minute = minute_of(now);
        if minute >= self.swept + SWEEP_MINUTES {
            self.swept = minute;
            self.forget_before(self.horizon(now));
        }
    }

    fn forget_before(&mut self, horizon: Minute) {
        for known in self.scopes.values_mut() {
            let Known { by_metric, by_id } = known;
            by_id.retain(|_, series| {
                for (_, buckets) in &mut series.by_unit {
                    self.bytes -= buckets.forget_before(horizon) * BUCKET_BYTES;
                }
                series.by_unit.retain(|(_, buckets)| !buckets.is_empty());
                if series.by_unit.is_empty() {
                    by_metric.remove(&series.metric);
                    self.bytes -= bytes_of(series);
                }
                !series.by_unit.is_empty()
            });
        }
        self.scopes.retain(|_, known| !known.by_id.is_empty());
    }

    /// The first minute that is kept.
    pub(super) fn horizon(&self, now: Timestamp) -> Minute {
        minute_of(now.before(RETENTION))
    }

    /// A metric's series.
    pub(super) fn find(&self, scope: &Scope, metric: &Metric) -> Option<&Series> {
        let known = self.scopes.get(scope)?;
        known.by_id.get(known.by_metric.get(metric)?)
    }

    /// A scope's series from `first` on, in the order in which they were made.
    pub(super) fn series_from(&self, scope: &Scope, first: SeriesId) -> impl Iterator<Item = (SeriesId, &Series)> {
        let known = self.scopes.get(scope).into_iter();
        known.flat_map(move |known| known.by_id.range(first..).map(|(id, series)| (*id, series)))
    }

    /// Every series with whose it is.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Scope, SeriesId, &Series)> {
        self.scopes.iter().flat_map(|(scope, known)| known.by_id.iter().map(move |(id, series)| (scope, *id, series)))
    }

    /// Bytes that count against the bound, and series.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.bytes, self.scopes.values().map(|known| known.by_id.len()).sum())
    }
}

fn bytes_of(series: &Series) -> usize {
    SERIES_BYTES + series.metric.text_bytes() + series.bucket_count() * BUCKET_BYTES
}
