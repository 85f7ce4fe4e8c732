//! The bounds of every partition as the commit thread has assigned them, and how recovery gets them back.

use std::collections::{BTreeSet, HashMap};

use types::{Offset, PartitionId, Timestamp};

use super::run::Run;
use crate::{Bounds, LogError};

/// No record yet.
pub(crate) const EMPTY: Bounds =
    Bounds { start: Offset::ZERO, end: Offset::ZERO, closed: None, last_time: Timestamp(0) };

/// See the module text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tails {
    pub(crate) partitions: HashMap<PartitionId, Bounds>,
    pub(crate) dropped: BTreeSet<PartitionId>,
}

impl Tails {
    /// Whether records may be appended to the partition.
    pub(crate) fn check_open(&self, partition: PartitionId) -> Result<(), LogError> {
        if self.dropped.contains(&partition) {
            return Err(LogError::NoPartition(partition));
        }
        match self.partitions.get(&partition) {
            Some(bounds) if bounds.closed.is_some() => Err(LogError::Closed(partition)),
            _ => Ok(()),
        }
    }

    /// All of it, for the first frame of a segment.
    pub(crate) fn snapshot(&self) -> Run {
        let mut partitions: Vec<_> = self.partitions.iter().map(|(id, bounds)| (*id, *bounds)).collect();
        partitions.sort_unstable_by_key(|(id, _)| *id);
        Run::Snapshot { partitions, dropped: self.dropped.iter().copied().collect() }
    }

    /// Repeats a durable run. `holes` allows for records that repair cut out: the partition then starts behind them.
    pub(crate) fn replay(&mut self, run: &Run, holes: bool) -> Result<(), String> {
        match run {
            Run::Snapshot { partitions, dropped } => {
                self.partitions = partitions.iter().copied().collect();
                self.dropped = dropped.iter().copied().collect();
            }
            Run::Records { partition, first, count, last_time, .. } => {
                let bounds = self.partitions.entry(*partition).or_insert(EMPTY);
                if *first != bounds.end {
                    if !holes || *first < bounds.end {
                        return Err(format!("records of {partition:?} begin at {first:?}, not at {:?}", bounds.end));
                    }
                    bounds.start = *first;
                }
                bounds.end = Offset(first.0 + u64::from(*count));
                if *count > 0 {
                    bounds.last_time = bounds.last_time.max(*last_time);
                }
            }
            Run::Close { partition, end, time } => {
                let bounds = self.partitions.entry(*partition).or_insert(EMPTY);
                if *end > bounds.end {
                    (bounds.start, bounds.end) = (*end, *end);
                }
                bounds.last_time = bounds.last_time.max(*time);
                bounds.closed = Some(*time);
            }
            Run::Trim { partition, start } => {
                if let Some(bounds) = self.partitions.get_mut(partition) {
                    bounds.start = bounds.start.max(*start).min(bounds.end);
                }
            }
            Run::Drop { partition } => {
                self.partitions.remove(partition);
                self.dropped.insert(*partition);
            }
        }
        Ok(())
    }
}
