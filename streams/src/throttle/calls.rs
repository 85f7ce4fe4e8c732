//! How often an account may call the control plane (API reference, "limits" of each operation).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use types::{Scope, StreamName, Timestamp};

use super::bucket::Bucket;

/// Callers remembered before the buckets start anew; a flood of names must not fill the memory.
const ENTRIES_MAX: usize = 100_000;

/// Calls a second of an operation, and whether they are counted for each stream or for the whole account.
fn rate(operation: &str) -> Option<(u64, Per)> {
    Some(match operation {
        "PutRecord" | "PutRecords" | "GetRecords" | "GetShardIterator" | "SubscribeToShard" => return None,
        operation if operation.contains("QueueRecords") => return None,
        "DescribeLimits" => (1, Per::Account),
        "DescribeStream" | "UpdateShardCount" => (10, Per::Account),
        "DescribeStreamSummary" => (20, Per::Account),
        "ListShards" => (1000, Per::Stream),
        "DescribeStreamConsumer" => (20, Per::Stream),
        "ListStreamConsumers"
        | "DeregisterStreamConsumer"
        | "RegisterStreamConsumer"
        | "IncreaseStreamRetentionPeriod"
        | "DecreaseStreamRetentionPeriod" => (5, Per::Stream),
        _ => (5, Per::Account),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    Account,
    Stream,
}

type Key = (Scope, Option<StreamName>, &'static str);

/// The buckets of every caller.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    on: bool,
    buckets: Mutex<HashMap<Key, Bucket>>,
}

impl Calls {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, ..Self::default() }
    }

    /// Whether the account may call the operation now, before its stream is known.
    pub(crate) fn by_account(&self, scope: &Scope, operation: &'static str, now: Timestamp) -> bool {
        self.admit(Per::Account, (scope.clone(), None, operation), now)
    }

    /// Whether the operation may be called on the stream now.
    pub(crate) fn by_stream(
        &self,
        scope: &Scope,
        stream: &StreamName,
        operation: &'static str,
        now: Timestamp,
    ) -> bool {
        self.admit(Per::Stream, (scope.clone(), Some(stream.clone()), operation), now)
    }

    fn admit(&self, per: Per, key: Key, now: Timestamp) -> bool {
        if !self.on {
            return true;
        }
        let Some((rate, counted)) = rate(key.2) else { return true };
        if counted != per {
            return true;
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ENTRIES_MAX {
            buckets.clear();
        }
        buckets.entry(key).or_insert_with(|| Bucket::full(rate, rate, now)).try_take(1, now)
    }
}

#[cfg(test)]
mod tests {
    use types::{AccountId, Region};

    use super::*;

    #[test]
    fn operations_are_counted_for_their_account_or_their_stream() {
        let scope =
            Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() };
        let stream = |name| StreamName::parse(name).unwrap();
        let calls = Calls::new(true);
        let many = |operation| (0..50).filter(|_| calls.by_account(&scope, operation, Timestamp(0))).count();
        assert_eq!((many("DescribeLimits"), many("SplitShard"), many("DescribeStream")), (1, 5, 10));
        assert_eq!(many("PutRecord"), 50);
        assert_eq!(many("RegisterStreamConsumer"), 50);
        for name in ["a", "b"] {
            let register = |_: &i32| calls.by_stream(&scope, &stream(name), "RegisterStreamConsumer", Timestamp(0));
            assert_eq!((0..50).filter(register).count(), 5, "{name}");
        }
    }
}
