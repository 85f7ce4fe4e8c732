//! What one shard takes and gives (developer guide, quotas and limits).

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use types::{ConsumerArn, PartitionId, Timestamp};

use super::bucket::Bucket;
use crate::config::Rates;

/// Locks over which the shards are spread, so that writers of different shards rarely meet.
const LOCKS: usize = 32;
/// Entries of one lock before those that nobody used for a while are forgotten.
const ENTRIES_MAX: usize = 4096;
const IDLE: Duration = Duration::from_secs(60);

/// The buckets of every shard in use.
#[derive(Debug)]
pub(crate) struct ShardThrottle {
    rates: Rates,
    locks: Vec<Mutex<HashMap<Key, Buckets>>>,
    hasher: RandomState,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Shard(PartitionId),
    Subscription(String, PartitionId),
}

/// The buckets of one key; each is made at its first use.
#[derive(Debug, Default)]
struct Buckets {
    written_bytes: Option<Bucket>,
    written_records: Option<Bucket>,
    large_bytes: Option<Bucket>,
    read_bytes: Option<Bucket>,
    read_calls: Option<Bucket>,
    other_calls: Option<Bucket>,
}

impl Default for ShardThrottle {
    fn default() -> Self {
        Self::new(Rates::default())
    }
}

impl ShardThrottle {
    pub(crate) fn new(rates: Rates) -> Self {
        let locks = std::iter::repeat_with(Mutex::default).take(LOCKS).collect();
        Self { rates, locks, hasher: RandomState::new() }
    }

    /// Whether puts can be refused at all.
    pub(crate) fn limits_writes(&self) -> bool {
        self.rates.write_bytes_per_shard.is_some() || self.rates.write_records_per_shard.is_some()
    }

    /// Whether the shard takes a record of `bytes` now; if so it is counted. A record larger than a second's worth is
    /// paid from a burst of ten seconds (developer guide, large records).
    pub(crate) fn write(&self, shard: PartitionId, bytes: u64, now: Timestamp) -> bool {
        let Rates { write_bytes_per_shard, write_records_per_shard, .. } = self.rates;
        self.with(Key::Shard(shard), now, |buckets| {
            if let Some(rate) = write_records_per_shard {
                let records = buckets.written_records.get_or_insert_with(|| Bucket::full(rate, rate, now));
                if !records.has(1, now) {
                    return false;
                }
            }
            if let Some(rate) = write_bytes_per_shard {
                let second = buckets.written_bytes.get_or_insert_with(|| Bucket::full(rate, rate, now));
                let burst = buckets.large_bytes.get_or_insert_with(|| Bucket::full(rate * 10, rate, now));
                let fits = if bytes > rate { burst.has(bytes, now) } else { second.has(bytes, now) };
                if !fits {
                    return false;
                }
                burst.take(bytes);
                second.take(bytes.min(rate));
            }
            if let Some(records) = &mut buckets.written_records {
                records.take(1);
            }
            true
        })
    }

    /// Whether the shard can be read now: not too many calls, and what was read before is paid for.
    pub(crate) fn read(&self, shard: PartitionId, now: Timestamp) -> bool {
        let Rates { read_bytes_per_shard, read_calls_per_shard, .. } = self.rates;
        if read_bytes_per_shard.is_none() && read_calls_per_shard.is_none() {
            return true;
        }
        self.with(Key::Shard(shard), now, |buckets| {
            let paid = read_bytes_per_shard.is_none_or(|rate| {
                buckets.read_bytes.get_or_insert_with(|| Bucket::full(rate, rate, now)).is_solvent(now)
            });
            paid && read_calls_per_shard.is_none_or(|rate| {
                buckets.read_calls.get_or_insert_with(|| Bucket::full(rate, rate, now)).try_take(1, now)
            })
        })
    }

    /// Counts what a read gave: after 10 MiB at once the shard gives nothing for some seconds.
    pub(crate) fn was_read(&self, shard: PartitionId, bytes: u64, now: Timestamp) {
        let Some(rate) = self.rates.read_bytes_per_shard else { return };
        self.with(Key::Shard(shard), now, |buckets| {
            buckets.read_bytes.get_or_insert_with(|| Bucket::full(rate, rate, now)).take(bytes);
        });
    }

    /// Whether another iterator of the shard may be made now.
    pub(crate) fn iterator(&self, shard: PartitionId, now: Timestamp) -> bool {
        let Some(rate) = self.rates.iterator_calls_per_shard else { return true };
        self.with(Key::Shard(shard), now, |buckets| {
            buckets.other_calls.get_or_insert_with(|| Bucket::full(rate, rate, now)).try_take(1, now)
        })
    }

    /// Whether the consumer may subscribe to the shard now.
    pub(crate) fn subscribe(&self, consumer: &ConsumerArn, shard: PartitionId, now: Timestamp) -> bool {
        let Some(rate) = self.rates.subscriptions_per_consumer_shard else { return true };
        self.with(Key::Subscription(consumer.to_string(), shard), now, |buckets| {
            buckets.other_calls.get_or_insert_with(|| Bucket::full(rate, rate, now)).try_take(1, now)
        })
    }

    /// Whether the subscription may be given another event now; [`Self::was_pushed`] counts it.
    pub(crate) fn push(&self, consumer: &ConsumerArn, shard: PartitionId, now: Timestamp) -> bool {
        let Some(rate) = self.rates.push_bytes_per_consumer_shard else { return true };
        self.with(Key::Subscription(consumer.to_string(), shard), now, |buckets| {
            buckets.read_bytes.get_or_insert_with(|| Bucket::full(rate, rate, now)).is_solvent(now)
        })
    }

    /// Counts what a subscription was given.
    pub(crate) fn was_pushed(&self, consumer: &ConsumerArn, shard: PartitionId, bytes: u64, now: Timestamp) {
        let Some(rate) = self.rates.push_bytes_per_consumer_shard else { return };
        self.with(Key::Subscription(consumer.to_string(), shard), now, |buckets| {
            buckets.read_bytes.get_or_insert_with(|| Bucket::full(rate, rate, now)).take(bytes);
        });
    }

    fn with<T>(&self, key: Key, now: Timestamp, act: impl FnOnce(&mut Buckets) -> T) -> T {
        let lock = &self.locks[self.hasher.hash_one(&key) as usize % LOCKS];
        let mut entries = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX && !entries.contains_key(&key) {
            entries.retain(|_, buckets| buckets.used_since(now.before(IDLE)));
        }
        act(entries.entry(key).or_default())
    }
}

impl Buckets {
    fn used_since(&self, time: Timestamp) -> bool {
        let all = [
            &self.written_bytes,
            &self.written_records,
            &self.large_bytes,
            &self.read_bytes,
            &self.read_calls,
            &self.other_calls,
        ];
        all.into_iter().flatten().any(|bucket| bucket.seen() > time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: PartitionId = PartitionId(1);
    const MIB: u64 = 1 << 20;

    #[test]
    fn a_shard_takes_a_mebibyte_or_a_thousand_records_a_second() {
        let throttle = ShardThrottle::new(Rates::aws());
        assert!(throttle.write(SHARD, MIB, Timestamp(0)));
        assert!(!throttle.write(SHARD, 1, Timestamp(0)));
        assert!(throttle.write(PartitionId(2), 1, Timestamp(0)), "another shard");
        assert!(throttle.write(SHARD, MIB / 2, Timestamp(500)));
        let taken = (0..1100).filter(|_| throttle.write(PartitionId(3), 1, Timestamp(0))).count();
        assert_eq!(taken, 1000);
    }

    #[test]
    fn large_records_are_paid_from_a_burst() {
        let throttle = ShardThrottle::new(Rates::aws());
        assert!(throttle.write(SHARD, 9 * MIB, Timestamp(0)));
        assert!(!throttle.write(SHARD, 2 * MIB, Timestamp(500)));
        assert!(throttle.write(SHARD, 2 * MIB, Timestamp(1000)));
    }

    #[test]
    fn a_large_read_is_paid_off_before_the_next() {
        let throttle = ShardThrottle::new(Rates::aws());
        assert!(throttle.read(SHARD, Timestamp(0)));
        throttle.was_read(SHARD, 10 * MIB, Timestamp(0));
        assert!(!throttle.read(SHARD, Timestamp(3900)));
        assert!(throttle.read(SHARD, Timestamp(4000)));
        let calls = (0..10).filter(|_| throttle.read(PartitionId(2), Timestamp(0))).count();
        assert_eq!(calls, 5);
    }

    #[test]
    fn nothing_is_refused_without_rates() {
        let throttle = ShardThrottle::default();
        assert!(!throttle.limits_writes());
        assert!((0..5000).all(|_| throttle.write(SHARD, 10 * MIB, Timestamp(0)) && throttle.read(SHARD, Timestamp(0))));
    }
}
