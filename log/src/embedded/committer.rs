//! The commit thread: everything that waits becomes one frame, one write and one flush, then it is published and
//! acknowledged. While it flushes, the next frame gathers in the queue.
//!
//! A failed write or flush is never retried, because the system may have forgotten the bytes: the thread tells
//! everybody [`LogError::Stopped`] and ends. A disk without room for another segment is not such a failure: the appends
//! that need one are refused, everything else goes on in the reserve that each segment keeps at its end.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::cache::SealedSegment;
use super::draft::Draft;
use super::format::{FRAME_HEADER_BYTES, FrameKind, HEADER_BYTES, finish_frame, padded};
use super::maintenance::Job;
use super::page_cache::PageCache;
use super::queue::{Request, Taken};
use super::run::{SNAPSHOT_ENTRY_MAX, put_control};
use super::segment::Segment;
use super::shared::SharedRef;
use super::tails::Tails;
use crate::LogError;

/// Requests are gathered up to this many bytes; a single larger request still is one frame.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// After this long without a request a marker says that the last frame was durable.
const IDLE: Duration = Duration::from_millis(50);
/// A frame buffer longer than this is given back after use.
const POOLED_BYTES_MAX: usize = 16 << 20;
/// What the system's cache reads and writes at a time.
const PAGE_BYTES: u64 = 4096;
/// A seal, and a marker: frames without runs.
const EMPTY_FRAME_BYTES: u64 = FRAME_HEADER_BYTES as u64;
/// The part of a segment that appends leave for commands, checkpoints, trims, closes, drops and markers, so that a full
/// disk can be cured: by deleting a stream, or by delivering and trimming. Some thousand of them have room.
const RESERVE_BYTES_MAX: u64 = 1 << 20;

/// The place of the next frame.
pub(crate) struct Head {
    pub(crate) segment: Arc<Segment>,
    pub(crate) position: u64,
    /// The sequence of the segment's first frame; `None` while it has none.
    pub(crate) first_sequence: Option<u64>,
    /// Whether the segment ends with a seal already (a crash came between the seal and the next segment's first frame).
    pub(crate) sealed: bool,
    /// Whether no later frame says yet that the last one was durable.
    pub(crate) unmarked: bool,
}

/// A segment that is sealed on disk and not yet in the table.
struct Retired {
    first_sequence: u64,
    next_sequence: u64,
}

/// See the module text.
pub(crate) struct Committer {
    shared: SharedRef,
    tails: Tails,
    head: Head,
    retired: Option<Retired>,
    sequence: u64,
    /// Empty, for the next frame; it goes round with those of the ring.
    frame: Vec<u8>,
    page_cache: PageCache,
}

impl Committer {
    pub(crate) fn new(shared: SharedRef, tails: Tails, head: Head, sequence: u64) -> Self {
        let page_cache = PageCache::new(shared.config.written_bytes);
        Self { shared, tails, head, retired: None, sequence, frame: Vec::new(), page_cache }
    }

    /// Commits until the queue is closed and empty, or a write fails.
    pub(crate) fn run(mut self) {
        loop {
            let patience = self.head.unmarked.then_some(IDLE);
            let taken = self.shared.queue.take(BATCH_BYTES_MAX, patience);
            if self.turn(taken).is_break() {
                break;
            }
        }
    }

    /// Does what is to be done with what was taken; `Break` is the end.
    fn turn(&mut self, taken: Taken) -> ControlFlow<()> {
        let outcome = match taken {
            Taken::Batch(batch) => self.commit(batch),
            Taken::Idle => self.mark(),
            Taken::Closed => {
                // Whether it fails or not, this is the end.
                let _stopped = self.mark();
                return ControlFlow::Break(());
            }
        };
        if outcome.is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// One turn of [`Self::run`] without waiting, for a log without threads. Answers whether there was something to do:
    /// that nothing waits is, only `is_idle`.
    pub(crate) fn try_turn(&mut self, is_idle: bool) -> (bool, ControlFlow<()>) {
        match self.shared.queue.take(BATCH_BYTES_MAX, Some(Duration::ZERO)) {
            Taken::Idle if !(is_idle && self.head.unmarked) => (false, ControlFlow::Continue(())),
            taken => (true, self.turn(taken)),
        }
    }

    /// Makes one frame of `batch`. An error is the end and was told to [`Shared::fail`](super::shared::Shared::fail):
    /// callers learn it from their dropped answers.
    pub(crate) fn commit(&mut self, batch: Vec<Request>) -> Result<(), LogError> {
        let batch = self.make_room(batch)?;
        let snapshot = self.head.first_sequence.is_none().then(|| self.tails.snapshot());
        let frame_bytes = frame_bytes_max(&batch) as usize;
        let mut draft = Draft::default();
        for request in batch {
            draft.admit(&mut self.tails, request);
        }
        if draft.is_empty() {
            draft.settle();
            return Ok(());
        }
        let salt = self.head.segment.salt;
        let mut frame = std::mem::take(&mut self.frame);
        frame.reserve(frame_bytes);
        frame.resize(FRAME_HEADER_BYTES, 0);
        let mut runs = 0;
        if let Some(snapshot) = snapshot {
            put_control(&mut frame, salt, &snapshot);
            runs += 1;
        }
        let encoded = draft.encode(&mut frame, salt, self.head.position);
        self.write(&mut frame, FrameKind::Commit, runs + encoded.runs)?;
        self.head.unmarked = true;
        let bytes = frame.len() as u64;
        self.frame = self.shared.ring.keep(self.head.segment.id, self.head.position - bytes, frame);
        self.publish(&encoded);
        self.shared.bytes_appended.fetch_add(draft.payload_bytes, Ordering::Relaxed);
        draft.settle();
        // After the answers: nobody waits for it.
        self.page_cache.wrote(&self.head.segment, self.head.position - bytes, bytes);
        self.frame.shrink_to(POOLED_BYTES_MAX);
        self.order_spares();
        Ok(())
    }

    /// Writes and flushes a frame at the head, and zeros behind it up to the next page: the rest of a page that was
    /// written in a former life of the segment would have to be read first.
    fn write(&mut self, frame: &mut Vec<u8>, kind: FrameKind, runs: u32) -> Result<(), LogError> {
        let head = &mut self.head;
        finish_frame(frame, head.segment.salt, kind, self.sequence, self.sequence, runs);
        let bytes = frame.len();
        let page_end = (head.position + bytes as u64).next_multiple_of(PAGE_BYTES).min(head.segment.len);
        frame.resize((page_end - head.position) as usize, 0);
        let written = head.segment.file.write_all_at(frame, head.position).map_err(|error| ("write", error));
        frame.truncate(bytes);
        let flushed = written.and_then(|()| head.segment.file.sync_data().map_err(|error| ("flush", error)));
        if let Err((action, error)) = flushed {
            let path = head.segment.path.display().to_string();
            return Err(self.stop(LogError::Io { action, path, message: error.to_string() }));
        }
        head.first_sequence.get_or_insert(self.sequence);
        head.position += bytes as u64;
        self.sequence += 1;
        Ok(())
    }

    /// Says that the log stops, before any caller learns it from an answer.
    fn stop(&self, error: LogError) -> LogError {
        self.shared.fail(&error);
        error
    }

    fn write_empty(&mut self, kind: FrameKind) -> Result<(), LogError> {
        let mut frame = vec![0; FRAME_HEADER_BYTES];
        self.write(&mut frame, kind, 0)
    }

    /// Writes a marker when the last frame needs one.
    fn mark(&mut self) -> Result<(), LogError> {
        let fits = self.head.position + 2 * EMPTY_FRAME_BYTES <= self.head.segment.len;
        if self.head.unmarked && fits && !self.head.sealed && self.head.first_sequence.is_some() {
            self.write_empty(FrameKind::Commit)?;
        }
        self.head.unmarked = false;
        Ok(())
    }

    fn publish(&mut self, encoded: &super::draft::Encoded) {
        let mut table = self.shared.table();
        let retired = self.retired.take().map(|retired| {
            let sequences = (retired.first_sequence, retired.next_sequence);
            table.seal(Arc::clone(&self.head.segment), sequences)
        });
        // A blank segment that was too short is replaced without having been sealed.
        table.active = Arc::clone(&self.head.segment);
        table.publish(&self.tails, &encoded.touched, &encoded.postings);
        let dead = table.take_dead();
        drop(table);
        if let Some((segment, footer)) = retired {
            let sealed = Arc::new(SealedSegment { segment: (*segment).clone(), footer });
            self.shared.cache.insert(Arc::clone(&sealed));
            self.shared.order(Job::Index(sealed));
        }
        if !dead.is_empty() {
            self.shared.order(Job::Retire(dead));
        }
    }

    /// Sees to it that `batch` fits the head's segment, rolling to another when it does not. On a full disk refuses what
    /// cannot have room and answers the rest.
    fn make_room(&mut self, batch: Vec<Request>) -> Result<Vec<Request>, LogError> {
        if self.fits(&batch) {
            return Ok(batch);
        }
        match self.roll(&batch) {
            Ok(()) => return Ok(batch),
            Err(LogError::NoSpace) => {}
            Err(error) => return Err(self.stop(error)),
        }
        Ok(self.squeeze(batch))
    }

    /// Whether `batch` has room, with the reserve left free if it holds an append.
    fn fits(&self, batch: &[Request]) -> bool {
        let kept = if batch.iter().any(Request::is_append) { self.reserve() } else { 0 };
        self.room().is_some_and(|room| frame_bytes_max(batch) + kept <= room)
    }

    /// Takes from `batch` what the full disk has room for, each request by what it must leave to others, and refuses
    /// the rest.
    fn squeeze(&self, batch: Vec<Request>) -> Vec<Request> {
        let reserve = self.reserve();
        // What padding can take is counted as taken.
        let mut room = self.room().unwrap_or(0).saturating_sub(frame_bytes_max(&[]) + 8);
        let mut taken = Vec::new();
        for request in batch {
            let bytes = request.frame_bytes_max() as u64;
            if bytes + request.must_leave(reserve) <= room {
                room -= bytes;
                taken.push(request);
            } else {
                request.refuse(LogError::NoSpace);
            }
        }
        taken
    }

    /// Bytes that the head's segment has for frames, its seal and a marker apart; none when it is sealed.
    fn room(&self) -> Option<u64> {
        let snapshot = if self.head.first_sequence.is_none() { self.snapshot_bytes_max() } else { 0 };
        let used = self.head.position + snapshot + 2 * EMPTY_FRAME_BYTES;
        self.head.segment.len.checked_sub(used).filter(|_| !self.head.sealed)
    }

    fn reserve(&self) -> u64 {
        (self.head.segment.len / 16).min(RESERVE_BYTES_MAX)
    }

    fn snapshot_bytes_max(&self) -> u64 {
        ((self.tails.partitions.len() + self.tails.dropped.len() + 2) * SNAPSHOT_ENTRY_MAX) as u64
    }

    /// Seals the head's segment and goes on with one that has room for `batch`.
    fn roll(&mut self, batch: &[Request]) -> Result<(), LogError> {
        let needed = frame_bytes_max(batch) + self.snapshot_bytes_max() + 2 * EMPTY_FRAME_BYTES;
        let len = HEADER_BYTES + needed + needed / 8 + RESERVE_BYTES_MAX.min(needed);
        let next = self.next_segment(len.max(self.shared.config.segment_bytes).next_multiple_of(8))?;
        self.shared.spares().forgive();
        if let Some(first_sequence) = self.head.first_sequence {
            if !self.head.sealed {
                self.write_empty(FrameKind::Seal)?;
            }
            self.retired = Some(Retired { first_sequence, next_sequence: self.sequence });
        } else {
            // The segment without a frame that a larger one replaces stays for later.
            self.shared.spares().give_back((*self.head.segment).clone());
        }
        self.head = Head {
            segment: Arc::new(next),
            position: HEADER_BYTES,
            first_sequence: None,
            sealed: false,
            unmarked: false,
        };
        Ok(())
    }

    /// A segment made ahead if one is long enough, or a new one.
    fn next_segment(&self, len: u64) -> Result<Segment, LogError> {
        let ready = self.shared.spares().take(len);
        if let Some(segment) = ready {
            return Ok(segment);
        }
        let made = self.shared.make_segment(len)?;
        self.shared.spares().missed();
        Ok(made)
    }

    /// Has the next segments made.
    fn order_spares(&self) {
        let half_full = self.head.position >= self.head.segment.len / 2;
        let due = self.shared.spares().order(half_full);
        if due {
            self.shared.order(Job::MakeSpares);
        }
    }
}

fn frame_bytes_max(batch: &[Request]) -> u64 {
    let runs: usize = batch.iter().map(Request::frame_bytes_max).sum();
    padded(FRAME_HEADER_BYTES + runs) as u64
}
