//! What goes into one PutRecords call.

use std::collections::VecDeque;

use streams::aggregation::UserRecord;

/// Half of what the call takes today, and all of what it took before 2025.
const BYTES_MAX: usize = 5 << 20;
/// Records in one call (API reference).
const COUNT_MAX: usize = types::limits::PUT_RECORDS_COUNT_MAX;

/// A record to put and the user records that it carries: itself, or those of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) record: UserRecord,
    pub(super) users: Vec<UserRecord>,
}

/// The bytes that count against limits.
pub(super) fn size(record: &UserRecord) -> usize {
    record.data.len() + record.partition_key.len()
}

/// Takes from the front as many as one call takes, each for itself, at least one.
pub(super) fn single(pending: &mut VecDeque<UserRecord>, count_max: usize) -> Vec<Planned> {
    let mut batch = Vec::new();
    let mut bytes = 0;
    while let Some(next) = pending.front() {
        bytes += size(next);
        if !batch.is_empty() && (bytes > BYTES_MAX || batch.len() == COUNT_MAX.min(count_max)) {
            break;
        }
        batch.extend(pending.pop_front().map(|record| Planned { users: vec![record.clone()], record }));
    }
    batch
}

/// How many records and bytes to collect before a batch is made.
pub(super) fn is_full(pending: &VecDeque<UserRecord>, bytes: usize, aggregate: bool) -> bool {
    // Aggregates are many in one: enough to fill some for each of a few shards.
    let count_max = if aggregate { COUNT_MAX * 20 } else { COUNT_MAX };
    pending.len() >= count_max || bytes >= BYTES_MAX / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(count: usize, bytes: usize) -> VecDeque<UserRecord> {
        let data = vec![0; bytes - 1].into();
        vec![UserRecord { partition_key: "k".into(), explicit_hash_key: None, data }; count].into()
    }

    #[test]
    fn a_batch_keeps_to_both_limits() {
        for (count, bytes, count_max, expected) in [
            (600, 10, usize::MAX, 500),
            (600, 10, 7, 7),
            (10, 1 << 20, usize::MAX, 5),
            (3, 6 << 20, usize::MAX, 1),
            (2, 10, usize::MAX, 2),
        ] {
            let mut pending = records(count, bytes);
            assert_eq!(single(&mut pending, count_max).len(), expected, "{count} of {bytes} bytes");
            assert_eq!(pending.len(), count - expected);
        }
    }
}
