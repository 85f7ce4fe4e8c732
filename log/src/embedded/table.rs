//! What readers may see: the durable bounds of every partition and where its records stand.
//!
//! Written by recovery and by the commit thread after each flush, under one lock that is never held across IO. The
//! memory per partition is a fence for each segment that holds live records of it; postings of sealed segments are in
//! the cache.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::sync::watch;
use types::{Offset, PartitionId, Timestamp};

use super::draft::Encoded;
use super::index::{ActiveIndex, Footer, Posting};
use super::segment::Segment;
use super::tails::Tails;
use crate::{Bounds, Lane};

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

impl Partition {
    /// The place of the fence around the record at `offset`.
    fn fence_with(&self, offset: Offset) -> Option<usize> {
        let at = self.fences.partition_point(|fence| fence.end <= offset);
        self.fences.get(at).filter(|fence| fence.first <= offset).map(|_| at)
    }
}

/// So many of the newest sealed segments are not copied.
const REWRITE_AGE: usize = 4;

impl Fence {
    fn records(&self) -> u64 {
        self.end.0 - self.first.0
    }
}

/// What a sealed segment is worth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sealed {
    pub(crate) lane: Lane,
    pub(crate) len: u64,
    /// Partitions that still have records in it.
    live: usize,
    /// Records that were written to it.
    records: u64,
    /// Those that readers are still led to.
    live_records: u64,
    /// How many were live when somebody looked whether it is worth a copy.
    weighed: Option<u64>,
}

impl Sealed {
    fn new(lane: Lane, len: u64) -> Self {
        Self { lane, len, live: 0, records: 0, live_records: 0, weighed: None }
    }

    /// About how many of its bytes are live, taking all its records for equally long. A partition counts until the last
    /// of its records here is trimmed.
    pub(crate) fn live_bytes(&self) -> u64 {
        let share = u128::from(self.live_records) * u128::from(self.len) / u128::from(self.records.max(1));
        share as u64
    }
}

/// See the module text.
pub(crate) struct Table {
    pub(crate) partitions: HashMap<PartitionId, Partition>,
    watchers: HashMap<PartitionId, watch::Sender<Offset>>,
    pub(crate) sealed: HashMap<u64, Sealed>,
    /// Sealed segments in which nothing is live, still among `sealed`.
    dead: Vec<u64>,
    /// By lane; `None` for one without a segment.
    actives: [Option<Active>; Lane::ALL.len()],
}

/// The segment that a lane's frames are written to.
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) index: ActiveIndex,
    /// Bytes of runs that `index` leads to, and of dropped partitions.
    bytes: u64,
}

impl Active {
    pub(crate) fn new(segment: Arc<Segment>, index: ActiveIndex) -> Self {
        let bytes = index.values().flatten().map(|posting| u64::from(posting.length)).sum();
        Self { segment, index, bytes }
    }

    /// The postings of `partition` from the one with `offset` on.
    fn from(&self, partition: PartitionId, offset: Offset) -> &[Posting] {
        let postings = self.index.get(&partition).map_or(&[][..], Vec::as_slice);
        &postings[postings.partition_point(|posting| posting.end() <= offset)..]
    }
}

/// Where to find a record.
pub(crate) enum Place {
    Active(Arc<Segment>, Posting),
    Sealed(u64),
}

impl Table {
    pub(crate) fn new(actives: [Option<Active>; Lane::ALL.len()]) -> Self {
        let (partitions, watchers, sealed) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { partitions, watchers, sealed, dead: Vec::new(), actives }
    }

    /// The segments that frames are written to.
    pub(crate) fn actives(&self) -> impl Iterator<Item = &Active> {
        self.actives.iter().flatten()
    }

    pub(crate) fn bounds(&self, partition: PartitionId) -> Option<Bounds> {
        self.partitions.get(&partition).map(|p| p.bounds)
    }

    /// Whether the segment is in use; the file of one that is not may hold anything by now.
    pub(crate) fn holds(&self, segment: u64) -> bool {
        self.sealed.contains_key(&segment) || self.actives().any(|active| active.segment.id == segment)
    }

    /// Bytes of the segments that hold records, and about how many of them are live; all of the active ones count.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let active = self.actives().map(|active| (active.segment.len, active.bytes));
        let sealed = self.sealed.values().map(|sealed| (sealed.len, sealed.live_bytes()));
        active.chain(sealed).fold((0, 0), |(files, live), (len, bytes)| (files + len, live + bytes))
    }

    /// See [`crate::Log::watch`].
    pub(crate) fn watch(&mut self, partition: PartitionId) -> watch::Receiver<Offset> {
        let end = self.bounds(partition).map_or(Offset::ZERO, |bounds| bounds.end);
        self.watchers.entry(partition).or_insert_with(|| watch::Sender::new(end)).subscribe()
    }

    /// Where the record at `offset` stands.
    pub(crate) fn place(&self, partition: PartitionId, offset: Offset) -> Option<Place> {
        let its = self.partitions.get(&partition)?;
        if let Some(at) = its.fence_with(offset) {
            return Some(Place::Sealed(its.fences[at].segment));
        }
        let (active, postings) = self.active_with(partition, offset)?;
        Some(Place::Active(Arc::clone(&active.segment), *postings.first()?))
    }

    /// The postings of the active segment that holds the record at `offset`, from the one with it on.
    pub(crate) fn active_from(&self, partition: PartitionId, offset: Offset) -> &[Posting] {
        self.active_with(partition, offset).map_or(&[], |(_, postings)| postings)
    }

    fn active_with(&self, partition: PartitionId, offset: Offset) -> Option<(&Active, &[Posting])> {
        let places = self.actives().map(|active| (active, active.from(partition, offset)));
        places.into_iter().find(|(_, postings)| postings.first().is_some_and(|posting| posting.first <= offset))
    }

    /// Where the first record with `time` or later stands.
    pub(crate) fn place_at_time(&self, partition: PartitionId, time: Timestamp) -> Option<Place> {
        // Times do not decrease in a partition, so of the first such in each place the first one is it.
        let fences = &self.partitions.get(&partition)?.fences;
        let fence = fences.get(fences.partition_point(|fence| fence.max_time < time));
        let sealed = fence.map(|fence| (fence.first, Place::Sealed(fence.segment)));
        let active = self.actives().filter_map(|active| {
            let postings = active.index.get(&partition)?;
            let posting = postings.get(postings.partition_point(|posting| posting.last_time < time))?;
            Some((posting.first, Place::Active(Arc::clone(&active.segment), *posting)))
        });
        active.chain(sealed).min_by_key(|(first, _)| *first).map(|(_, place)| place)
    }

    /// Whether records of the partition may be written to `lane` now; see `placement.rs`.
    pub(crate) fn may_go_on(&self, partition: PartitionId, lane: Lane) -> bool {
        let index = self.actives[lane as usize].as_ref().map(|active| &active.index);
        let there = index.and_then(|index| index.get(&partition)?.last());
        there.is_none_or(|last| self.bounds(partition).is_none_or(|bounds| bounds.end == last.end()))
    }

    /// The lane in which the last record of a partition stands.
    pub(crate) fn lane_of_tail(&self, partition: PartitionId) -> Option<Lane> {
        let end = self.bounds(partition)?.end;
        let is_tail = |active: &Active| active.index.get(&partition)?.last().filter(|last| last.end() == end).copied();
        if let Some(active) = self.actives().find(|active| is_tail(active).is_some()) {
            return Some(active.segment.lane);
        }
        let last = self.partitions.get(&partition)?.fences.back().filter(|last| last.end == end)?;
        self.sealed.get(&last.segment).map(|sealed| sealed.lane)
    }

    /// Goes on with `next` in its lane, in place of one that holds no frame.
    pub(crate) fn go_on(&mut self, next: &Arc<Segment>) {
        let active = &mut self.actives[next.lane as usize];
        if active.as_ref().is_none_or(|active| active.segment.id != next.id) {
            *active = Some(Active::new(Arc::clone(next), ActiveIndex::new()));
        }
    }

    /// Turns the active segment of the lane of `next` into a sealed one and goes on with `next`.
    pub(crate) fn seal(&mut self, next: &Arc<Segment>, sequences: (u64, u64)) -> Option<(Arc<Segment>, Footer)> {
        let next_active = Active::new(Arc::clone(next), ActiveIndex::new());
        let old = self.actives[next.lane as usize].replace(next_active)?;
        let footer = Footer::new(old.segment.id, old.segment.salt, sequences, old.index);
        self.add_sealed(&footer, next.lane, old.segment.len);
        Some((old.segment, footer))
    }

    /// Takes in the live part of a sealed segment. Those of a lane come in order; a partition may have been in others.
    pub(crate) fn add_sealed(&mut self, footer: &Footer, lane: Lane, len: u64) {
        let mut sealed = Sealed::new(lane, len);
        for entry in &footer.directory {
            let (segment, first, end, max_time) = (footer.segment, entry.first, entry.end, entry.max_time);
            let fence = Fence { segment, first, end, max_time };
            sealed.records += fence.records();
            let Some(partition) = self.partitions.get_mut(&entry.partition) else { continue };
            if end <= partition.bounds.start {
                continue;
            }
            sealed.live += 1;
            sealed.live_records += fence.records();
            let place = partition.fences.partition_point(|other| other.first < first);
            partition.fences.insert(place, fence);
        }
        if sealed.live == 0 {
            self.dead.push(footer.segment);
        }
        self.sealed.insert(footer.segment, sealed);
    }

    /// Takes in what one flushed frame in `lane` holds, and the new bounds of the partitions that it touched.
    pub(crate) fn publish(&mut self, lane: Lane, tails: &Tails, encoded: &Encoded) {
        if let Some(active) = &mut self.actives[lane as usize] {
            for (partition, posting) in &encoded.postings {
                active.bytes += u64::from(posting.length);
                active.index.entry(*partition).or_default().push(*posting);
            }
        }
        for id in &encoded.touched {
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
            release(&mut self.sealed, &mut self.dead, &fence);
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
        self.actives.iter_mut().flatten().for_each(|active| drop(active.index.remove(&id)));
        for fence in self.partitions.remove(&id).map(|p| p.fences).unwrap_or_default() {
            release(&mut self.sealed, &mut self.dead, &fence);
        }
    }

    /// A sealed segment in which less than `percent` of the records are live, the one with the fewest. The newest are
    /// spared: what dies soon is not worth a copy.
    pub(crate) fn sparse(&self, percent: u8) -> Option<u64> {
        let mut ids: Vec<u64> = self.sealed.keys().copied().collect();
        ids.sort_unstable();
        ids.truncate(ids.len().saturating_sub(REWRITE_AGE));
        let sparse = ids.into_iter().filter_map(|id| {
            let sealed = self.sealed[&id];
            let below = sealed.live_records * 100 < sealed.records * u64::from(percent);
            let weighed = sealed.weighed == Some(sealed.live_records);
            (below && !weighed && sealed.live > 0).then_some((sealed.live_bytes(), id))
        });
        sparse.min().map(|(_, id)| id)
    }

    /// Does not name the segment as sparse again before more of it has died.
    pub(crate) fn keep_whole(&mut self, segment: u64) {
        if let Some(sealed) = self.sealed.get_mut(&segment) {
            sealed.weighed = Some(sealed.live_records);
        }
    }

    /// What is live of the segment with this footer, in the order of its directory.
    pub(crate) fn live_in(&self, footer: &Footer) -> Vec<(PartitionId, Posting)> {
        let mut live = Vec::new();
        let mut postings = footer.postings.as_slice();
        for entry in &footer.directory {
            let (its, others) = postings.split_at(entry.postings as usize);
            postings = others;
            let Some(partition) = self.partitions.get(&entry.partition) else { continue };
            if partition.fence_with(entry.first).is_some_and(|at| partition.fences[at].segment == footer.segment) {
                let above = its.iter().filter(|posting| posting.end() > partition.bounds.start);
                live.extend(above.map(|posting| (entry.partition, *posting)));
            }
        }
        live
    }

    /// Leads to the copy with `footer` whoever was led to `old`, which is not in use from then on; `false` when it died
    /// meanwhile, and the copy with it.
    pub(crate) fn replace(&mut self, old: u64, footer: &Footer, len: u64) -> bool {
        let Some(lane) = self.sealed.get(&old).filter(|sealed| sealed.live > 0).map(|sealed| sealed.lane) else {
            return false;
        };
        self.sealed.remove(&old);
        let mut sealed = Sealed::new(lane, len);
        for entry in &footer.directory {
            sealed.records += entry.end.0 - entry.first.0;
            let Some(partition) = self.partitions.get_mut(&entry.partition) else { continue };
            let Some(fence) = partition.fence_with(entry.first).map(|at| &mut partition.fences[at]) else { continue };
            if fence.segment != old {
                continue;
            }
            (fence.segment, fence.first) = (footer.segment, entry.first);
            sealed.live += 1;
            sealed.live_records += fence.records();
        }
        if sealed.live == 0 {
            self.dead.push(footer.segment);
        }
        self.sealed.insert(footer.segment, sealed);
        true
    }

    /// Takes out the sealed segments in which nothing is live.
    pub(crate) fn take_dead(&mut self) -> Vec<u64> {
        for segment in &self.dead {
            self.sealed.remove(segment);
        }
        std::mem::take(&mut self.dead)
    }
}

/// Nobody is led to the records behind `fence` any more.
fn release(sealed: &mut HashMap<u64, Sealed>, dead: &mut Vec<u64>, fence: &Fence) {
    let Some(sealed) = sealed.get_mut(&fence.segment) else { return };
    sealed.live = sealed.live.saturating_sub(1);
    sealed.live_records = sealed.live_records.saturating_sub(fence.records());
    if sealed.live == 0 {
        dead.push(fence.segment);
    }
}
