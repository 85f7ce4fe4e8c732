//! The newest pages of shards that several subscribers read: each is read and encoded once.
//!
//! A subscriber that asks for the middle of such a page gets its rest and is in step with the others from then on.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;
use types::{Epoch, Offset, PartitionId, Timestamp, limits};

use super::event::Page;
use super::memory::{Budget, Reserved};
use crate::get::to_record;
use crate::{Streams, StreamsError};

/// Pages kept for a shard; who is further behind reads for itself.
const PAGES_PER_SHARD: usize = 4;

/// See the module text.
#[derive(Debug, Default)]
pub(super) struct Pages {
    budget: Budget,
    shards: Mutex<HashMap<PartitionId, SharedShard>>,
}

#[derive(Debug, Default)]
struct SharedShard {
    readers: usize,
    newest: VecDeque<Arc<Slot>>,
}

/// A page that is there or being read.
#[derive(Debug)]
struct Slot {
    from: Offset,
    page: OnceCell<Arc<Page>>,
}

/// Where a shard is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) partition: PartitionId,
    /// Of the shard.
    pub(super) epoch: Epoch,
    pub(super) from: Offset,
    /// Records that arrived before are not shown.
    pub(super) cutoff: Timestamp,
}

enum Found {
    /// Read into it, or wait for who does.
    Slot(Arc<Slot>),
    /// Part of a page that is there.
    Part(Arc<Page>),
    /// Nobody to share with.
    Nothing,
}

impl Pages {
    fn shards(&self) -> MutexGuard<'_, HashMap<PartitionId, SharedShard>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a reader of the shard for as long as the answer lives.
    pub(super) fn reader(self: &Arc<Self>, partition: PartitionId) -> Reader {
        self.shards().entry(partition).or_default().readers += 1;
        Reader { pages: Arc::clone(self), partition }
    }

    /// The page at a place where there are durable records.
    async fn page(&self, streams: &Streams, place: Place) -> Result<Arc<Page>, StreamsError> {
        let page = match self.find(place) {
            Found::Slot(slot) => {
                let read = slot.page.get_or_try_init(|| self.read(streams, place));
                Arc::clone(read.await?)
            }
            Found::Part(page) => Arc::new(page.tail(place.from)),
            Found::Nothing => return self.read(streams, place).await,
        };
        // A page that was kept for very long may hold what nobody may see any more.
        if page.records.first().is_some_and(|first| first.arrival < place.cutoff) {
            return self.read(streams, place).await;
        }
        Ok(page)
    }

    fn find(&self, Place { partition, from, .. }: Place) -> Found {
        let mut shards = self.shards();
        let Some(shard) = shards.get_mut(&partition).filter(|shard| shard.readers > 1) else { return Found::Nothing };
        for slot in shard.newest.iter().rev() {
            if slot.from == from {
                return Found::Slot(Arc::clone(slot));
            }
            if let Some(page) = slot.page.get().filter(|page| page.from < from && from < page.next) {
                return Found::Part(Arc::clone(page));
            }
        }
        let slot = Arc::new(Slot { from, page: OnceCell::new() });
        shard.newest.push_back(Arc::clone(&slot));
        if shard.newest.len() > PAGES_PER_SHARD {
            shard.newest.pop_front();
        }
        Found::Slot(slot)
    }

    async fn read(&self, streams: &Streams, place: Place) -> Result<Arc<Page>, StreamsError> {
        let Place { partition, epoch, from, cutoff } = place;
        let reserved = self.reserve();
        let (records_max, bytes_max) = (limits::GET_RECORDS_COUNT_MAX, reserved.page_bytes_max());
        let read = streams.read_retained(partition, from, cutoff, records_max, bytes_max).await?;
        let records: Vec<_> = read.page.records.into_iter().map(|record| to_record(epoch, record)).collect();
        let bytes = records.iter().map(|record| record.partition_key.len() + record.data.len()).sum();
        let held = self.budget.settle(reserved, bytes);
        Ok(Arc::new(Page::new(from, read.next, records, held)))
    }

    /// Room for a page, at the cost of those that are only kept.
    fn reserve(&self) -> Reserved {
        if let Some(reserved) = self.budget.reserve() {
            return reserved;
        }
        self.shards().values_mut().for_each(|shard| shard.newest.clear());
        self.budget.reserve().unwrap_or_else(Reserved::nothing)
    }
}

/// A subscriber of a shard, to be counted.
#[derive(Debug)]
pub(super) struct Reader {
    pages: Arc<Pages>,
    partition: PartitionId,
}

impl Reader {
    /// See [`Pages::page`].
    pub(super) async fn page(&self, streams: &Streams, place: Place) -> Result<Arc<Page>, StreamsError> {
        self.pages.page(streams, place).await
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut shards = self.pages.shards();
        let Some(shard) = shards.get_mut(&self.partition) else { return };
        shard.readers = shard.readers.saturating_sub(1);
        match shard.readers {
            0 => drop(shards.remove(&self.partition)),
            1 => shard.newest.clear(),
            _ => {}
        }
    }
}
