//! One metric's buckets, a minute each, in order.

use std::collections::VecDeque;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use types::Timestamp;

use super::metric::{Metric, Unit};
use super::stats::Stats;

/// Minutes since 1970; good until the year 10136.
pub(super) type Minute = u32;

/// The minute that holds the time.
pub(super) fn minute_of(time: Timestamp) -> Minute {
    Minute::try_from(time.0 / 60_000).unwrap_or(Minute::MAX)
}

/// Samples of one metric in one minute: what is put, kept and persisted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Which metric.
    pub metric: Metric,
    /// In which unit.
    pub unit: Unit,
    /// Which minute, counted from 1970.
    pub minute: u32,
    /// Its figures.
    pub stats: Stats,
}

/// One minute of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Bucket {
    pub(super) minute: Minute,
    pub(super) stats: Stats,
}

/// What a bucket takes of the bound on memory.
pub(super) const BUCKET_BYTES: usize = size_of::<Bucket>();

/// Buckets of one unit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Buckets {
    in_order: VecDeque<Bucket>,
}

impl Buckets {
    /// Adds to the bucket of that minute; whether it is a new one.
    pub(super) fn add(&mut self, minute: Minute, stats: &Stats) -> bool {
        // Nearly always the newest one or one after it.
        let after = match self.in_order.back() {
            Some(last) if last.minute > minute => self.in_order.partition_point(|bucket| bucket.minute <= minute),
            _ => self.in_order.len(),
        };
        if let Some(bucket) = after.checked_sub(1).and_then(|index| self.in_order.get_mut(index))
            && bucket.minute == minute
        {
            bucket.stats.add(stats);
            return false;
        }
        self.in_order.insert(after, Bucket { minute, stats: *stats });
        true
    }

    /// Drops what is before `horizon`; how many buckets that were.
    pub(super) fn forget_before(&mut self, horizon: Minute) -> usize {
        let old = self.in_order.partition_point(|bucket| bucket.minute < horizon);
        self.in_order.drain(..old);
        // A ring that was once long does not stay so.
        if self.in_order.capacity() > 4 * self.in_order.len().max(16) {
            self.in_order.shrink_to_fit();
        }
        old
    }

    /// The buckets of some minutes, in order.
    pub(super) fn range(&self, minutes: Range<Minute>) -> impl Iterator<Item = &Bucket> {
        let from = self.in_order.partition_point(|bucket| bucket.minute < minutes.start);
        self.in_order.range(from..).take_while(move |bucket| bucket.minute < minutes.end)
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_order.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Bucket> {
        self.in_order.iter()
    }

    pub(super) fn last(&self) -> Option<&Bucket> {
        self.in_order.back()
    }
}

/// A metric and all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Series {
    pub(super) metric: std::sync::Arc<Metric>,
    /// When something was put last, by the log's clock.
    pub(super) written: Timestamp,
    /// Nearly always one.
    pub(super) by_unit: Vec<(Unit, Buckets)>,
}

impl Series {
    pub(super) fn buckets_mut(&mut self, unit: Unit) -> &mut Buckets {
        let index = self.by_unit.iter().position(|(known, _)| *known == unit).unwrap_or_else(|| {
            self.by_unit.push((unit, Buckets::default()));
            self.by_unit.len() - 1
        });
        &mut self.by_unit[index].1
    }

    pub(super) fn bucket_count(&self) -> usize {
        self.by_unit.iter().map(|(_, buckets)| buckets.len()).sum()
    }
}
