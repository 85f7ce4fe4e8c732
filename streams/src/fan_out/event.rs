//! What a subscriber is told.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use types::{Offset, Record, SequenceNumber};

use super::memory::Held;
use crate::Shard;

/// How far two statements of being behind may differ and still be the same to a reader.
const SAME_MILLIS: u64 = 500;

/// Records that subscribers at the same position share, and what was made of them.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) from: Offset,
    /// One past the last record; past records too old to be shown where there are none.
    pub(super) next: Offset,
    pub(super) records: Vec<Record>,
    pub(super) held: Arc<Held>,
    /// The event as it was encoded last, and how far behind it says to be.
    encoded: Mutex<Option<(u64, Bytes)>>,
}

impl Page {
    pub(super) fn new(from: Offset, next: Offset, records: Vec<Record>, held: Arc<Held>) -> Self {
        Self { from, next, records, held, encoded: Mutex::default() }
    }

    /// The part of the page that begins at `from`.
    pub(super) fn tail(&self, from: Offset) -> Self {
        let skipped = self.records.partition_point(|record| record.sequence_number.at_offset() < from);
        Self::new(from, self.next, self.records[skipped..].to_vec(), Arc::clone(&self.held))
    }

    /// Keys and values.
    pub(super) fn bytes(&self) -> u64 {
        self.records.iter().map(|record| (record.partition_key.len() + record.data.len()) as u64).sum()
    }
}

/// One event of a subscription.
#[derive(Debug, Clone)]
pub struct SubscriptionEvent {
    pub(super) page: Option<Arc<Page>>,
    /// Where to subscribe again, by AFTER_SEQUENCE_NUMBER; `None` at the end of a closed shard. No record need bear it.
    pub continuation: Option<SequenceNumber>,
    /// How far the event is behind the newest record.
    pub millis_behind_latest: u64,
    /// The shards that continue a closed one, given only at its end.
    pub children: Vec<Shard>,
}

impl SubscriptionEvent {
    /// The records, in order; none in a heartbeat.
    pub fn records(&self) -> &[Record] {
        self.page.as_ref().map_or(&[], |page| &page.records)
    }

    /// Keys and values of the records.
    pub fn bytes(&self) -> u64 {
        self.page.as_ref().map_or(0, |page| page.bytes())
    }

    /// What `encode` makes of the event, which must depend on nothing else: done once for all subscribers that are
    /// told the same.
    pub fn encoded(&self, encode: impl FnOnce(&Self) -> Bytes) -> Bytes {
        let Some(page) = self.page.as_ref().filter(|_| self.continuation.is_some()) else { return encode(self) };
        // Held while encoding: whoever waits would otherwise do the same work.
        let mut kept = page.encoded.lock().unwrap_or_else(PoisonError::into_inner);
        let millis = self.millis_behind_latest;
        match &*kept {
            Some((said, bytes)) if says_the_same(*said, millis) => bytes.clone(),
            _ => {
                let bytes = Counted { bytes: encode(self), _held: Arc::clone(&page.held) };
                let bytes = Bytes::from_owner(bytes);
                *kept = Some((millis, bytes.clone()));
                bytes
            }
        }
    }
}

/// Zero is a promise (nothing is newer) and stands for itself only.
fn says_the_same(said: u64, millis: u64) -> bool {
    (said == 0) == (millis == 0) && said.abs_diff(millis) <= SAME_MILLIS
}

/// Bytes that count against the budget until the last copy was sent.
struct Counted {
    bytes: Bytes,
    _held: Arc<Held>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::says_the_same;

    #[test]
    fn a_frame_is_shared_only_by_those_it_is_true_for() {
        assert!(says_the_same(0, 0) && says_the_same(1000, 1400));
        assert!(!says_the_same(1000, 1600), "too far apart");
        assert!(!says_the_same(0, 100) && !says_the_same(100, 0), "zero promises that nothing is newer");
    }
}
