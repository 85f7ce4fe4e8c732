//! The segments that the commit thread goes on with: ready ones, and the pool of dead ones that become ready again.
//!
//! A file whose blocks were written before takes a write and its flush several times faster than a new one: no block is
//! found, none is marked as written, nothing but data goes to the disk. So a dead segment is not removed but *retired*:
//! it loses its name (`seg-….free`) and waits in the pool, and is *recycled* under a new id with a new salt. What it held
//! stays behind the head, and no byte of it can pass for a frame of the new segment, because frames and runs bear the
//! salt. The order of the steps, each durable before the next begins, is what every crash between them relies on:
//!
//! 1. nothing in the segment is live, and the trim or drop that killed its last record is durable;
//! 2. renamed to `.free`, its sidecar removed, the folder synced: no start takes it for a segment any more;
//! 3. header and a page of zeros in the place of the first frame written over the old ones, synced: torn or not, nobody
//!    reads a header under this name;
//! 4. renamed to `.log`, the folder synced: a blank segment, as one that was made anew.
//!
//! Owns: how many segments wait and in which state. Refuses: what is in them. Read next: `segment.rs` for the steps.

use std::collections::VecDeque;

use super::segment::{Retired, Segment};
use crate::Lane;

/// Segments ready for a lane at most; reached when rolls come faster than the maintenance thread makes segments.
pub(crate) const READY_MAX: usize = 4;
/// As many dead segments are always kept.
const POOL_MIN: usize = 4;
/// And as many as this part of the living, so that retention of a large log finds room for its waves.
const POOL_SHARE: usize = 16;

/// See the module text.
#[derive(Default)]
pub(crate) struct Spares {
    lanes: [Ready; Lane::ALL.len()],
    pool: Vec<Retired>,
    /// None could be made; asked for again after the next roll or removal.
    refused: bool,
}

/// What waits for one lane.
#[derive(Default)]
struct Ready {
    segments: VecDeque<Segment>,
    /// How often the commit thread found nothing ready.
    misses: usize,
    /// The maintenance thread was told to make some.
    ordered: bool,
}

impl Ready {
    fn is_short(&self) -> bool {
        self.segments.len() < (1 + self.misses).min(READY_MAX)
    }
}

impl Spares {
    /// How many are ready for `lane`.
    pub(crate) fn ready(&self, lane: Lane) -> usize {
        self.lanes[lane as usize].segments.len()
    }

    /// How many dead segments are kept beside `living` ones.
    pub(crate) fn pool_max(living: usize) -> usize {
        POOL_MIN.max(living / POOL_SHARE)
    }

    /// A ready segment of `lane` of at least `len` bytes.
    pub(crate) fn take(&mut self, lane: Lane, len: u64) -> Option<Segment> {
        let segments = &mut self.lanes[lane as usize].segments;
        let fit = segments.iter().position(|segment| segment.len >= len)?;
        segments.remove(fit)
    }

    /// The commit thread had to make one itself, so more are kept ready from now on.
    pub(crate) fn missed(&mut self, lane: Lane) {
        let ready = &mut self.lanes[lane as usize];
        ready.misses += usize::from(ready.segments.is_empty());
    }

    /// Puts a blank segment in.
    pub(crate) fn put(&mut self, segment: Segment) {
        self.lanes[segment.lane as usize].segments.push_back(segment);
    }

    /// Whether the maintenance thread has to be told now, by how full the head's segment is. The first segment is made
    /// ahead late, so that a small log stays small; once one was missed, as early as possible.
    pub(crate) fn order(&mut self, lane: Lane, half_full: bool) -> bool {
        let ready = &mut self.lanes[lane as usize];
        let due = ready.is_short() && !ready.ordered && !self.refused && (half_full || ready.misses > 0);
        ready.ordered |= due;
        due
    }

    /// The lane for which the maintenance thread should make one more; with none, it has done what it was told.
    pub(crate) fn wanted(&mut self) -> Option<Lane> {
        self.lanes.iter_mut().for_each(|ready| ready.ordered &= ready.is_short());
        Lane::ALL.into_iter().find(|lane| self.lanes[*lane as usize].ordered)
    }

    /// None can be made.
    pub(crate) fn refuse(&mut self) {
        self.lanes.iter_mut().for_each(|ready| ready.ordered = false);
        self.refused = true;
    }

    /// Lets segments be ordered again after a refusal.
    pub(crate) fn forgive(&mut self) {
        self.refused = false;
    }

    /// Takes a dead segment in, or hands it back when the pool is full.
    pub(crate) fn keep(&mut self, retired: Retired, pool_max: usize) -> Option<Retired> {
        if self.pool.len() >= pool_max {
            return Some(retired);
        }
        self.pool.push(retired);
        None
    }

    /// A dead segment to recycle.
    pub(crate) fn take_retired(&mut self) -> Option<Retired> {
        self.pool.pop()
    }

    /// Bytes of ready and of retired segments.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        let ready = self.lanes.iter().flat_map(|ready| &ready.segments).map(|segment| segment.len).sum();
        (ready, self.pool.iter().map(|retired| retired.len).sum())
    }
}
