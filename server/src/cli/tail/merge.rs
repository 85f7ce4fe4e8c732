//! One order for the records of several shards: by arrival, and within a shard as they stand.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use types::Timestamp;

/// A user record, ready to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) shard: String,
    pub(super) sequence_number: String,
    /// Its place in an aggregate.
    pub(super) sub_sequence_number: Option<u64>,
    pub(super) arrival: Timestamp,
    pub(super) partition_key: String,
    pub(super) data: Bytes,
}

/// What was read of each shard and not shown yet.
#[derive(Debug, Default)]
pub(super) struct Merge {
    waiting: BTreeMap<String, Lane>,
}

#[derive(Debug, Default)]
struct Lane {
    rows: VecDeque<Row>,
    /// There is more in the shard, which may be older than what other shards have.
    is_behind: bool,
}

impl Merge {
    /// Adds what was read of a shard; `is_behind` when it does not reach the shard's tip.
    pub(super) fn add(&mut self, shard: &str, rows: Vec<Row>, is_behind: bool) {
        let lane = self.waiting.entry(shard.into()).or_default();
        lane.rows.extend(rows);
        lane.is_behind = is_behind;
    }

    /// Whether a shard has nothing left to show.
    pub(super) fn is_empty(&self, shard: &str) -> bool {
        self.waiting.get(shard).is_none_or(|lane| lane.rows.is_empty())
    }

    /// Forgets a shard that was read and shown to its end.
    pub(super) fn forget(&mut self, shard: &str) {
        self.waiting.remove(shard);
    }

    /// Everything whose turn has come: until a shard that is behind has nothing left to compare with.
    pub(super) fn take(&mut self) -> Vec<Row> {
        let mut taken = Vec::new();
        loop {
            if self.waiting.values().any(|lane| lane.is_behind && lane.rows.is_empty()) {
                return taken;
            }
            let heads = self.waiting.iter().filter_map(|(shard, lane)| Some((lane.rows.front()?.arrival, shard)));
            let Some((_, shard)) = heads.min() else { return taken };
            let shard = shard.clone();
            taken.extend(self.waiting.get_mut(&shard).and_then(|lane| lane.rows.pop_front()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(shard: &str, arrivals: &[u64]) -> Vec<Row> {
        let row = |arrival: &u64| Row {
            shard: shard.into(),
            sequence_number: String::new(),
            sub_sequence_number: None,
            arrival: Timestamp(*arrival),
            partition_key: String::new(),
            data: Bytes::new(),
        };
        arrivals.iter().map(row).collect()
    }

    fn check(merge: &mut Merge, expected: &[(&str, u64)]) {
        let taken = merge.take();
        let seen: Vec<_> = taken.iter().map(|row| (row.shard.as_str(), row.arrival.0)).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn records_are_shown_by_arrival_whatever_their_shard() {
        let mut merge = Merge::default();
        merge.add("a", rows("a", &[1, 4, 9]), false);
        merge.add("b", rows("b", &[2, 4]), false);
        merge.add("c", rows("c", &[]), false);
        check(&mut merge, &[("a", 1), ("b", 2), ("a", 4), ("b", 4), ("a", 9)]);
        check(&mut merge, &[]);
    }

    #[test]
    fn a_shard_that_is_behind_is_waited_for() {
        let mut merge = Merge::default();
        merge.add("a", rows("a", &[5]), false);
        merge.add("b", rows("b", &[1, 2]), true);
        check(&mut merge, &[("b", 1), ("b", 2)]);
        assert!(merge.is_empty("b") && !merge.is_empty("a"));
        merge.add("b", rows("b", &[3, 7]), true);
        check(&mut merge, &[("b", 3), ("a", 5), ("b", 7)]);
        merge.add("b", vec![], false);
        merge.forget("a");
        assert!(merge.is_empty("a"));
    }
}
