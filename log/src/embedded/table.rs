//! What readers may see: the durable bounds of every partition and where its records stand.
//!
//! Written by recovery and by the commit thread after each flush, under one lock that is never held across IO. The
//! memory per partition is a fence for each segment that holds live records of it; postings of sealed segments are in
//! the cache.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use types::{Offset, PartitionId, Timestamp};

use super::index::{ActiveIndex, Footer, Posting};
use super::segment::Segment;
use super::tails::Tails;
use crate::Bounds;

/// The records of a partition in one sealed segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence {
    pub(crate) segment: u64,
    pub(crate) first: Offset,
    pub(crate) end: Offset,
    pub(crate) max_time: Timestamp,
}

#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) bounds: Bounds,
    pub(crate) fences: VecDeque<Fence>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed {
    pub(crate) len: u64,
    /// Partitions that still have records in it.
    pub(crate) live: usize,
}

/// See the module text.
pub(crate) struct Table {
    pub(crate) partitions: HashMap<PartitionId, Partition>,
    watchers: HashMap<PartitionId, watch::Sender<Offset>>,
    pub(crate) sealed: HashMap<u64, Sealed>,
    pub(crate) active: Arc<Segment>,
    pub(crate) index: ActiveIndex,
}

/// Where to find a record.
pub(crate) enum Place {
    Active(Arc<Segment>, Posting),
    Sealed(u64),
}

impl Table {
    pub(crate) fn new(active: Arc<Segment>, index: ActiveIndex) -> Self {
        Self { partitions: HashMap::new(), watchers: HashMap::new(), sealed: HashMap::new(), active, index }
    }

    pub(crate) fn bounds(&self, partition: PartitionId) -> Option<Bounds> {
        self.partitions.get(&partition).map(|p| p.bounds)
    }

    /// Whether the segment is in use; the file of one that is not may hold anything by now.
    pub(crate) fn holds(&self, segment: u64) -> bool {
        self.active.id == segment || self.sealed.contains_key(&segment)
    }

    /// Bytes of the segments that hold records.
    pub(crate) fn disk_bytes(&self) -> u64 {
        self.active.len + self.sealed.values().map(|sealed| sealed.len).sum::<u64>()
    }

    /// See [`crate::Log::watch`].
    pub(crate) fn watch(&mut self, partition: PartitionId) -> watch::Receiver<Offset> {
        let end = self.bounds(partition).map_or(Offset::ZERO, |bounds| bounds.end);
        self.watchers.entry(partition).or_insert_with(|| watch::Sender::new(end)).subscribe()
    }

    /// Where the record at `offset` stands.
    pub(crate) fn place(&self, partition: PartitionId, offset: Offset) -> Option<Place> {
        let fences = &self.partitions.get(&partition)?.fences;
        let fence = fences.partition_point(|fence| fence.end <= offset);
        if let Some(fence) = fences.get(fence) {
            return (fence.first <= offset).then_some(Place::Sealed(fence.segment));
        }
        let postings = self.index.get(&partition)?;
        let posting = postings.get(postings.partition_point(|posting| posting.end() <= offset))?;
        (posting.first <= offset).then(|| Place::Active(Arc::clone(&self.active), *posting))
    }

    /// The postings of the active segment from the one with `offset` on.
    pub(crate) fn active_from(&self, partition: PartitionId, offset: Offset) -> &[Posting] {
        let postings = self.index.get(&partition).map_or(&[][..], Vec::as_slice);
        &postings[postings.partition_point(|posting| posting.end() <= offset)..]
    }

    /// Where the first record with `time` or later stands.
    pub(crate) fn place_at_time(&self, partition: PartitionId, time: Timestamp) -> Option<Place> {
        let fences = &self.partitions.get(&partition)?.fences;
        if let Some(fence) = fences.get(fences.partition_point(|fence| fence.max_time < time)) {
            return Some(Place::Sealed(fence.segment));
        }
        let postings = self.index.get(&partition)?;
        let posting = postings.get(postings.partition_point(|posting| posting.last_time < time))?;
        Some(Place::Active(Arc::clone(&self.active), *posting))
    }

    /// Turns the active segment into a sealed one and goes on with `next`.
    pub(crate) fn seal(&mut self, next: Arc<Segment>, sequences: (u64, u64)) -> (Arc<Segment>, Footer) {
        let old = std::mem::replace(&mut self.active, next);
        let footer = Footer::new(old.id, old.salt, sequences, std::mem::take(&mut self.index));
        self.add_sealed(&footer, old.len);
        (old, footer)
    }

    /// Takes in the live part of a sealed segment; segments come in order.
    pub(crate) fn add_sealed(&mut self, footer: &Footer, len: u64) {
        let mut live = 0;
        for entry in &footer.directory {
            let Some(partition) = self.partitions.get_mut(&entry.partition) else { continue };
            if entry.end <= partition.bounds.start {
                continue;
            }
            live += 1;
            partition.fences.push_back(Fence {
                segment: footer.segment,
                first: entry.first,
                end: entry.end,
                max_time: entry.max_time,
            });
        }
        self.sealed.insert(footer.segment, Sealed { len, live });
    }

    /// Takes in the postings of one flushed frame and the new bounds of the partitions that it touched.
    pub(crate) fn publish(&mut self, tails: &Tails, touched: &[PartitionId], postings: &[(PartitionId, Posting)]) {
        for (partition, posting) in postings {
            self.index.entry(*partition).or_default().push(*posting);
        }
        for id in touched {
            match tails.partitions.get(id) {
                Some(bounds) => self.set_bounds(*id, *bounds),
                None => self.forget(*id),
            }
        }
    }

    pub(crate) fn set_bounds(&mut self, id: PartitionId, bounds: Bounds) {
        let partition = self.partitions.entry(id).or_insert(Partition { bounds, fences: VecDeque::new() });
        partition.bounds = bounds;
        while let Some(fence) = partition.fences.pop_front_if(|fence| fence.end <= bounds.start) {
            release(&mut self.sealed, fence.segment);
        }
        if let Some(watcher) = self.watchers.get(&id) {
            if watcher.receiver_count() == 0 {
                self.watchers.remove(&id);
            } else {
                watcher.send_replace(bounds.end);
            }
        }
    }

    fn forget(&mut self, id: PartitionId) {
        self.watchers.remove(&id);
        self.index.remove(&id);
        for fence in self.partitions.remove(&id).map(|p| p.fences).unwrap_or_default() {
            release(&mut self.sealed, fence.segment);
        }
    }

    /// Takes out the sealed segments in which nothing is live.
    pub(crate) fn take_dead(&mut self) -> Vec<u64> {
        let mut dead: Vec<u64> = self.sealed.extract_if(|_, sealed| sealed.live == 0).map(|(id, _)| id).collect();
        dead.sort_unstable();
        dead
    }
}

fn release(sealed: &mut HashMap<u64, Sealed>, segment: u64) {
    if let Some(sealed) = sealed.get_mut(&segment) {
        sealed.live = sealed.live.saturating_sub(1);
    }
}
