//! The tail of the log in memory: the frames that were flushed last, as they were written.
//!
//! Who reads the tail gets its records from here, on his own thread, without a call to the system, a checksum or (mostly)
//! a copy. The commit thread puts a frame in after its flush, so nothing is here that is not durable; what a reader may
//! see of it the table alone says, and the ring knows nothing of partitions: it is looked up by the place of a run. So
//! trims, drops, closes and rolls are nothing to it. Owns the memory: its bound, and the buffers, which go round between
//! the commit thread and the ring so that a frame is not written into memory fresh from the system. Read next:
//! `reader.rs`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use super::index::Posting;

/// A frame up to this long is copied, as is one that fills less than half of its buffer, so that short frames do not each
/// hold the buffer of a long one.
const COPIED_BYTES_MAX: usize = 64 << 10;
/// About what a frame costs beside its bytes.
const FRAME_OVERHEAD_BYTES: usize = 128;
/// A reader holds a frame as long as he holds records of it. He gets them by a copy if they are less than one part in
/// this many of the frame, so that what is held is bounded by what was asked for.
const SHARED_PART: usize = 4;

/// Segment and position of a frame.
type Place = (u64, u64);

#[derive(Default)]
struct Kept {
    frames: BTreeMap<Place, Bytes>,
    /// Oldest first, and what each weighs.
    order: VecDeque<(Place, usize)>,
    bytes: usize,
}

/// See the module text.
pub(crate) struct Ring {
    kept: Mutex<Kept>,
    bytes_max: usize,
}

/// One run in a frame.
pub(crate) struct TailRun {
    frame: Bytes,
    start: usize,
    end: usize,
    /// Whether its records may hold the frame.
    shared: bool,
}

impl TailRun {
    /// The run, prefix and all.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.frame[self.start..self.end]
    }

    /// A part of the run to keep: of the frame itself, or a copy.
    pub(crate) fn hold(&self, start: usize, end: usize) -> Bytes {
        if self.shared {
            self.frame.slice(self.start + start..self.start + end)
        } else {
            Bytes::copy_from_slice(&self.bytes()[start..end])
        }
    }
}

impl Ring {
    /// A ring of at most `bytes_max`; with 0 it stays empty.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { kept: Mutex::default(), bytes_max }
    }

    /// Takes in a frame that is durable at `position` of `segment`, and gives back an empty buffer for another one.
    pub(crate) fn keep(&self, segment: u64, position: u64, mut frame: Vec<u8>) -> Vec<u8> {
        let copied = frame.len() <= COPIED_BYTES_MAX || frame.len() * 2 < frame.capacity();
        let weight = FRAME_OVERHEAD_BYTES + if copied { frame.len() } else { frame.capacity() };
        if weight > self.bytes_max {
            frame.clear();
            return frame;
        }
        let bytes = if copied { Bytes::copy_from_slice(&frame) } else { Bytes::from(std::mem::take(&mut frame)) };
        let evicted = self.replace((segment, position), bytes, weight);
        if !copied {
            let unread = evicted.into_iter().rfind(|old| old.len() > COPIED_BYTES_MAX && old.is_unique());
            frame = unread.map(Vec::from).unwrap_or_default();
        }
        frame.clear();
        frame
    }

    /// Puts a frame in and takes the oldest out as far as the bound asks for it.
    fn replace(&self, place: Place, frame: Bytes, weight: usize) -> Vec<Bytes> {
        let mut evicted = Vec::new();
        let mut kept = self.kept();
        while kept.bytes + weight > self.bytes_max {
            let Some((oldest, old_weight)) = kept.order.pop_front() else { break };
            kept.bytes -= old_weight;
            evicted.extend(kept.frames.remove(&oldest));
        }
        kept.bytes += weight;
        kept.order.push_back((place, weight));
        kept.frames.insert(place, frame);
        evicted
    }

    /// The runs at the head of `postings` of `segment`, as far as they are here.
    pub(crate) fn runs(&self, segment: u64, postings: &[Posting]) -> Vec<TailRun> {
        let mut runs: Vec<TailRun> = Vec::new();
        let kept = self.kept();
        for posting in postings {
            let position = u64::from(posting.position);
            let Some((place, frame)) = kept.frames.range(..=(segment, position)).next_back() else { break };
            let start = (position - place.1.min(position)) as usize;
            let end = start + posting.length as usize;
            if place.0 != segment || end > frame.len() {
                break;
            }
            runs.push(TailRun { frame: frame.clone(), start, end, shared: false });
        }
        drop(kept);
        for same in runs.chunk_by_mut(|one, next| one.frame.as_ptr() == next.frame.as_ptr()) {
            let asked: usize = same.iter().map(|run| run.end - run.start).sum();
            let shared = asked * SHARED_PART >= same[0].frame.len();
            same.iter_mut().for_each(|run| run.shared = shared);
        }
        runs
    }

    /// Whether the run is here.
    pub(crate) fn has(&self, segment: u64, posting: &Posting) -> bool {
        let position = u64::from(posting.position);
        let kept = self.kept();
        let frame = kept.frames.range(..=(segment, position)).next_back();
        frame.is_some_and(|(place, frame)| {
            place.0 == segment && position + u64::from(posting.length) <= place.1 + frame.len() as u64
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{Offset, Timestamp};

    use super::*;

    fn posting(position: u64, length: usize) -> Posting {
        let length = length as u32;
        Posting { first: Offset(0), last_time: Timestamp(0), count: 1, position: position as u32, length }
    }

    proptest! {
        /// Against a file of everything that was kept: what the ring has is what was written, and it has the newest.
        #[test]
        fn the_ring_gives_what_was_written(lengths in prop::collection::vec((0..3_usize, 1..300_usize), 1..60)) {
            const BYTES_MAX: usize = 600 << 10;
            let ring = Ring::new(BYTES_MAX);
            let mut file: Vec<(u64, u64, Vec<u8>)> = Vec::new();
            let (mut segment, mut position) = (9, 4096);
            let mut buffer = Vec::new();
            let mut held = Vec::new();
            for (number, (kind, length)) in lengths.into_iter().enumerate() {
                let length = if kind == 0 { length << 10 } else { length };
                if kind == 2 && number % 7 == 0 {
                    // A roll; ids need not grow.
                    (segment, position) = (segment ^ 5, 4096 + number as u64 * 1_000_000);
                }
                prop_assert!(buffer.is_empty());
                let content = vec![number as u8; length];
                buffer.extend_from_slice(&content);
                buffer = ring.keep(segment, position, buffer);
                file.push((segment, position, content));
                position += length as u64;
                let found = ring.runs(file[number / 2].0, &[posting(file[number / 2].1, file[number / 2].2.len())]);
                held.extend(found.iter().map(|run| (number / 2, run.hold(0, run.bytes().len()))));
            }
            for (number, bytes) in &held {
                prop_assert_eq!(&bytes[..], &file[*number].2[..], "held by a reader, and its buffer was used again");
            }
            let mut newest = 0;
            for (segment, position, content) in file.iter().rev() {
                let place = posting(*position, content.len());
                let runs = ring.runs(*segment, &[place]);
                prop_assert_eq!(ring.has(*segment, &place), !runs.is_empty());
                // A long frame may stand in a buffer that is larger.
                newest += 300 * 1024 + FRAME_OVERHEAD_BYTES;
                prop_assert!(!runs.is_empty() || newest > BYTES_MAX, "the newest are here");
                for run in runs {
                    prop_assert_eq!(run.bytes(), &content[..]);
                    prop_assert_eq!(&run.hold(0, 1)[..], &content[..1]);
                }
                prop_assert!(ring.runs(*segment, &[posting(*position, content.len() + 400_000)]).is_empty());
                prop_assert!(ring.runs(segment + 100, &[place]).is_empty());
            }
            let kept = ring.kept();
            prop_assert!(kept.bytes <= BYTES_MAX);
            prop_assert_eq!(kept.frames.len(), kept.order.len());
        }
    }

    #[test]
    fn buffers_go_round_unless_somebody_reads_them() {
        let ring = Ring::new(1 << 20);
        let frame = |fill: u8| vec![fill; 400 << 10];
        assert_eq!(ring.keep(1, 0, frame(1)).capacity(), 0);
        assert_eq!(ring.keep(1, 1 << 20, frame(2)).capacity(), 0);
        let reader = ring.runs(1, &[posting(1 << 20, 300 << 10)]).pop().unwrap().hold(0, 300 << 10);
        assert!(ring.keep(1, 2 << 20, frame(3)).capacity() >= 400 << 10, "the first frame's");
        assert_eq!(ring.keep(1, 3 << 20, frame(4)).capacity(), 0, "the second one is being read");
        assert!(reader.iter().all(|byte| *byte == 2));
        assert_eq!(Ring::new(0).keep(1, 0, vec![1; 100]).capacity(), 100, "a ring of nothing gives the buffer back");
    }
}
