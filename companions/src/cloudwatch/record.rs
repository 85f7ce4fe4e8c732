//! What the metrics' partition of the log holds: a snapshot in parts, then what was put after it.
//!
//! Points are put many times a minute and kept for days, so the partition is not a history: now and then the whole
//! store is written as a snapshot and everything before it is trimmed (`writer.rs` says when). A snapshot without its
//! last part was interrupted and counts for nothing; what it would have replaced is still there.

use serde::{Deserialize, Serialize};
use types::{PartitionId, Scope, Timestamp};

use super::metric::{Metric, Unit};
use super::series::{Buckets, Point, Series};
use super::store::{SeriesId, Store};

/// The partition of the metrics. Commands hand out ids from 2^16 on, so it can be no other's.
pub const METRICS_PARTITION: PartitionId = PartitionId(16);

/// Texts and buckets of one part of a snapshot, in bytes as they stand in memory.
const PART_BYTES: usize = 512 << 10;

/// One record of the partition, in JSON (version 1).
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Record {
    /// What one call put; the record's time in the log is when.
    Put {
        /// Whose metrics.
        scope: Scope,
        /// What was put.
        points: Vec<Point>,
    },
    /// A part of a snapshot.
    Snapshot {
        /// The first part: whatever parts came before it count for nothing.
        first: bool,
        /// The last part: the parts since the first are everything there is.
        last: bool,
        /// Series in the order of their ids.
        series: Vec<SavedSeries>,
    },
}

/// A series as a snapshot holds it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SavedSeries {
    scope: Scope,
    id: SeriesId,
    metric: Metric,
    written: Timestamp,
    by_unit: Vec<(Unit, Buckets)>,
}

impl Record {
    /// Whether there is nothing to write down.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Put { points, .. } if points.is_empty())
    }

    /// The whole store as records; at least one.
    pub(super) fn snapshot(store: &Store) -> Vec<Self> {
        let mut parts = vec![Vec::new()];
        let mut bytes = 0;
        for (scope, id, series) in store.all() {
            if bytes > PART_BYTES {
                parts.push(Vec::new());
                bytes = 0;
            }
            bytes += series.metric.text_bytes() + series.bucket_count() * super::series::BUCKET_BYTES;
            let part = parts.last_mut().expect("it began with one and never loses one");
            part.push(SavedSeries {
                scope: scope.clone(),
                id,
                metric: Metric::clone(&series.metric),
                written: series.written,
                by_unit: series.by_unit.clone(),
            });
        }
        let count = parts.len();
        let part = |(index, series)| Self::Snapshot { first: index == 0, last: index + 1 == count, series };
        parts.into_iter().enumerate().map(part).collect()
    }
}

impl SavedSeries {
    /// Puts it back where it was.
    pub(super) fn restore(self, store: &mut Store) {
        let series = Series { metric: self.metric.into(), written: self.written, by_unit: self.by_unit };
        store.insert(&self.scope, self.id, series);
    }
}
