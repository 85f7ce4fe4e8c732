//! Aggregates for the shards of a stream, as the producer library makes them: each carries records of one shard only, and
//! goes there by an explicit hash key. A reshard makes that wrong for a moment; consumers drop what landed in a shard
//! where it does not belong, so it is put again.

use std::collections::{BTreeMap, VecDeque};

use streams::aggregation::{Aggregated, Aggregator, UserRecord};
use types::{HashKey, HashRange};
use wire::kinesis::Shard;

use super::batch::Planned;
use crate::cli::shards;

/// The size that the producer library fills by default (its AggregationMaxSize).
const AGGREGATE_BYTES_MAX: usize = 50 << 10;
/// The key that the producer library gives its aggregates; the hash key decides.
const AGGREGATE_KEY: &str = "a";
/// Aggregates in one call: below 5 MiB, even if each of them is full.
const COUNT_MAX: usize = 100;

/// The shards that were open when they were last listed.
#[derive(Debug, Default)]
pub(super) struct Routes {
    open: Vec<(String, HashRange)>,
}

impl Routes {
    pub(super) fn of(all: &[Shard]) -> Self {
        let open = all.iter().filter(|shard| shards::is_open(shard));
        let mut open: Vec<_> =
            open.map(|shard| (shards::id(shard).to_string(), shards::range(shard.hash_key_range.as_ref()))).collect();
        open.sort_by_key(|(_, range)| range.start);
        Self { open }
    }

    fn index(&self, key: HashKey) -> usize {
        self.open.partition_point(|(_, range)| range.end < key).min(self.open.len().saturating_sub(1))
    }

    /// Takes everything that fits into one call; records of a shard keep their order.
    pub(super) fn batch(&self, pending: &mut VecDeque<UserRecord>) -> Vec<Planned> {
        let mut filling: BTreeMap<usize, (Aggregator, Vec<UserRecord>)> = BTreeMap::new();
        let mut batch = Vec::new();
        while batch.len() + filling.len() < COUNT_MAX {
            let Some(record) = pending.pop_front() else { break };
            let shard = self.index(HashKey::of_partition_key(&record.partition_key));
            let (aggregator, users) =
                filling.entry(shard).or_insert_with(|| (Aggregator::new(AGGREGATE_BYTES_MAX), Vec::new()));
            if !aggregator.has_room_for(&record) {
                batch.extend(self.planned(shard, aggregator.take(), std::mem::take(users)));
            }
            aggregator.push(record.clone());
            users.push(record);
        }
        let rest = filling.into_iter();
        batch.extend(rest.filter_map(|(shard, (mut aggregator, users))| self.planned(shard, aggregator.take(), users)));
        batch
    }

    /// A lone record is not worth an aggregate (the producer library does the same).
    fn planned(&self, shard: usize, made: Option<Aggregated>, users: Vec<UserRecord>) -> Option<Planned> {
        if let [only] = &users[..] {
            return Some(Planned { record: only.clone(), users });
        }
        let start = self.open.get(shard).map(|(_, range)| range.start.to_string());
        let data = made?.record.data;
        let record = UserRecord { partition_key: AGGREGATE_KEY.into(), explicit_hash_key: start, data };
        Some(Planned { record, users })
    }

    /// Whether all user records belong to the shard where their aggregate landed; `None` when that shard is not known.
    pub(super) fn belong(&self, users: &[UserRecord], shard: &str) -> Option<bool> {
        let (_, range) = self.open.iter().find(|(id, _)| id == shard)?;
        Some(users.iter().all(|user| range.contains(HashKey::of_partition_key(&user.partition_key))))
    }
}

#[cfg(test)]
mod tests {
    use streams::aggregation::deaggregate;
    use wire::kinesis::HashKeyRange;

    use super::*;

    fn routes(count: u32) -> Routes {
        let shard = |(index, range): (usize, HashRange)| Shard {
            shard_id: Some(format!("s{index}")),
            hash_key_range: Some(HashKeyRange {
                starting_hash_key: Some(range.start.to_string()),
                ending_hash_key: Some(range.end.to_string()),
            }),
            ..Default::default()
        };
        let all: Vec<_> = HashRange::split_evenly(count).into_iter().enumerate().map(shard).collect();
        Routes::of(&all)
    }

    fn users(count: usize) -> VecDeque<UserRecord> {
        let user = |n: usize| UserRecord {
            partition_key: format!("k{n}"),
            explicit_hash_key: None,
            data: format!("data {n}").into(),
        };
        (0..count).map(user).collect()
    }

    #[test]
    fn each_aggregate_belongs_to_its_shard() {
        let routes = routes(4);
        let mut pending = users(5000);
        let batch = routes.batch(&mut pending);
        assert!(pending.is_empty() && batch.len() >= 4);
        let mut count = 0;
        for planned in &batch {
            let hash = HashKey::parse(planned.record.explicit_hash_key.as_deref().unwrap()).unwrap();
            let (id, range) = &routes.open[routes.index(hash)];
            let opened = deaggregate(&planned.record.data, *range).unwrap();
            assert_eq!(opened.len(), planned.users.len());
            assert!(planned.record.data.len() <= AGGREGATE_BYTES_MAX);
            assert_eq!(routes.belong(&planned.users, id), Some(true));
            assert_eq!(routes.belong(&planned.users, "s9"), None);
            count += opened.len();
        }
        assert_eq!(count, 5000);
        assert_eq!(routes.belong(&batch[0].users, "s3"), Some(false));
    }

    #[test]
    fn a_lone_record_goes_as_it_is() {
        let batch = routes(1).batch(&mut users(1));
        assert_eq!((batch.len(), batch[0].record.partition_key.as_str()), (1, "k0"));
    }
}
