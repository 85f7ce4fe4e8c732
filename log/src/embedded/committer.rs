//! The commit thread: everything that waits becomes one commit, a frame in each lane that it touches; the frames are
//! written, then flushed, then published and acknowledged together. While they flush, the next commit gathers in the
//! queue. Most commits touch one lane.
//!
//! A failed write or flush is never retried, because the system may have forgotten the bytes: the thread tells
//! everybody [`LogError::Stopped`] and ends. A disk without room for another segment is not such a failure: the appends
//! that need one are refused, everything else goes on in the reserve that each segment keeps at its end (`room.rs`).

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::cache::SealedSegment;
use super::draft::{Draft, Encoded};
use super::format::{FRAME_HEADER_BYTES, FrameKind, InCommit, finish_frame};
use super::head::{EMPTY_FRAME_BYTES, Head};
use super::maintenance::Job;
use super::page_cache::PageCache;
use super::placement::Placement;
use super::queue::{Request, Taken};
use super::run::put_control;
use super::shared::SharedRef;
use super::tails::Tails;
use crate::{Lane, LogError};

/// Requests are gathered up to this many bytes; a single larger request still is one commit.
const BATCH_BYTES_MAX: usize = 4 << 20;
/// After this long without a request a marker says that the last commit was durable.
const IDLE: Duration = Duration::from_millis(50);
/// A frame buffer longer than this is given back after use.
const POOLED_BYTES_MAX: usize = 16 << 20;

/// Where a log goes on: what recovery found.
pub(crate) struct Start {
    pub(crate) tails: Tails,
    pub(crate) placement: Placement,
    /// By lane; `None` for one that has no segment.
    pub(crate) heads: [Option<Head>; Lane::ALL.len()],
    /// Of the next commit.
    pub(crate) sequence: u64,
    /// The lane of the last commit, if no later one says that it was durable.
    pub(crate) unmarked: Option<Lane>,
}

/// See the module text.
pub(crate) struct Committer {
    pub(super) shared: SharedRef,
    pub(super) tails: Tails,
    pub(super) placement: Placement,
    pub(super) heads: [Option<Head>; Lane::ALL.len()],
    sequence: u64,
    unmarked: Option<Lane>,
    /// Empty, for the next frame; it goes round with those of the ring.
    frame: Vec<u8>,
    page_cache: PageCache,
}

/// The part of a commit that one lane gets.
struct Part {
    lane: Lane,
    frame: Vec<u8>,
    /// Of the finished frame.
    bytes: u64,
    encoded: Encoded,
}

impl Committer {
    pub(crate) fn new(shared: SharedRef, start: Start) -> Self {
        let page_cache = PageCache::new(shared.config.written_bytes);
        let Start { tails, placement, heads, sequence, unmarked } = start;
        Self { shared, tails, placement, heads, sequence, unmarked, frame: Vec::new(), page_cache }
    }

    /// Commits until the queue is closed and empty, or a write fails.
    pub(crate) fn run(mut self) {
        loop {
            let patience = self.unmarked.map(|_| IDLE);
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
            Taken::Idle if !(is_idle && self.unmarked.is_some()) => (false, ControlFlow::Continue(())),
            taken => (true, self.turn(taken)),
        }
    }

    /// Makes one commit of `batch`. An error is the end and was told to [`Shared::fail`](super::shared::Shared::fail):
    /// callers learn it from their dropped answers.
    pub(crate) fn commit(&mut self, batch: Vec<Request>) -> Result<(), LogError> {
        let shared = Arc::clone(&self.shared);
        self.placement.settle(&shared.hints, &batch, || shared.table());
        let batch = self.make_room(batch)?;
        let begins = |lane| self.heads[lane as usize].as_ref().is_some_and(|head| head.first_sequence.is_none());
        let snapshot = Lane::ALL.into_iter().any(|lane| begins(lane) && self.is_touched(&batch, lane));
        let snapshot = snapshot.then(|| self.tails.snapshot());
        let bytes_max = Lane::ALL.map(|lane| self.frame_bytes_max(&batch, lane) as usize);
        let mut draft = Draft::default();
        for request in batch {
            draft.admit(&mut self.tails, request);
        }
        draft.arrange(&self.placement);
        let mut parts = Vec::new();
        for lane in draft.lanes() {
            let mut frame = std::mem::take(&mut self.frame);
            frame.reserve(bytes_max[lane as usize]);
            frame.resize(FRAME_HEADER_BYTES, 0);
            let head = self.heads[lane as usize].as_ref().expect("room was made in the lane of each request");
            let salt = head.segment.salt;
            let mut snapshots = 0;
            if let (None, Some(snapshot)) = (head.first_sequence, &snapshot) {
                put_control(&mut frame, salt, snapshot);
                snapshots = 1;
            }
            let mut encoded = draft.encode(lane, &mut frame, salt, head.position);
            encoded.runs += snapshots;
            parts.push(Part { lane, frame, bytes: 0, encoded });
        }
        if !parts.is_empty() {
            self.write(&mut parts)?;
            self.keep(&mut parts);
            self.publish(&parts);
            self.shared.bytes_appended.fetch_add(draft.payload_bytes, Ordering::Relaxed);
        }
        draft.dropped().for_each(|partition| self.placement.forget(partition));
        draft.settle();
        // After the answers: nobody waits for it.
        parts.iter().for_each(|part| self.tidy(part.lane, part.bytes));
        Ok(())
    }

    /// Writes and flushes the frames of one commit. A crash before the last is flushed leaves a commit that is not whole,
    /// and recovery forgets it.
    fn write(&mut self, parts: &mut [Part]) -> Result<(), LogError> {
        let (sequence, others) = (self.sequence, parts.len() as u32 - 1);
        let mut outcome = Ok(());
        for Part { lane, frame, bytes, encoded } in &mut *parts {
            let Some(head) = &mut self.heads[*lane as usize] else { continue };
            finish_frame(
                frame,
                head.segment.salt,
                FrameKind::Commit,
                InCommit { sequence, runs: encoded.runs, others },
            );
            *bytes = frame.len() as u64;
            outcome = outcome.and_then(|()| head.write(frame));
        }
        for Part { lane, bytes, .. } in parts {
            let Some(head) = &mut self.heads[*lane as usize] else { continue };
            outcome = outcome.and_then(|()| head.flush(sequence, *bytes));
            self.unmarked = Some(*lane);
        }
        self.sequence += 1;
        outcome.map_err(|error| self.stop(error))
    }

    /// Says that the log stops, before any caller learns it from an answer.
    pub(super) fn stop(&self, error: LogError) -> LogError {
        self.shared.fail(&error);
        error
    }

    /// Writes and flushes a frame without runs: a commit of its own, and a mark for all before it.
    pub(super) fn write_empty(&mut self, lane: Lane, kind: FrameKind) -> Result<(), LogError> {
        let Some(head) = &mut self.heads[lane as usize] else { return Ok(()) };
        let mut frame = vec![0; FRAME_HEADER_BYTES];
        finish_frame(&mut frame, head.segment.salt, kind, InCommit::empty(self.sequence));
        let written = head.write(&mut frame).and_then(|()| head.flush(self.sequence, frame.len() as u64));
        self.sequence += 1;
        self.unmarked = None;
        written.map_err(|error| self.stop(error))
    }

    /// Writes a marker when the last commit needs one.
    fn mark(&mut self) -> Result<(), LogError> {
        let Some(lane) = self.unmarked.take() else { return Ok(()) };
        let fits = |head: &Head| {
            let has_room = head.position + 2 * EMPTY_FRAME_BYTES <= head.segment.len;
            has_room && !head.sealed && head.first_sequence.is_some()
        };
        match self.heads[lane as usize].as_ref().is_some_and(fits) {
            true => self.write_empty(lane, FrameKind::Commit),
            false => Ok(()),
        }
    }

    /// Puts the frames into the tail ring.
    fn keep(&mut self, parts: &mut [Part]) {
        for Part { lane, frame, bytes, .. } in parts {
            let Some(head) = &self.heads[*lane as usize] else { continue };
            self.frame = self.shared.ring.keep(head.segment.id, head.position - *bytes, std::mem::take(frame));
        }
    }

    /// Shows the commit to readers.
    fn publish(&mut self, parts: &[Part]) {
        let mut sealed = Vec::new();
        let mut table = self.shared.table();
        for Part { lane, encoded, .. } in parts {
            let Some(head) = &mut self.heads[*lane as usize] else { continue };
            match head.retired.take() {
                Some(retired) => {
                    sealed.extend(table.seal(&head.segment, (retired.first_sequence, retired.next_sequence)));
                }
                // A blank segment that was too short is replaced without having been sealed.
                None => table.go_on(&head.segment),
            }
            table.publish(*lane, &self.tails, encoded);
        }
        let dead = table.take_dead();
        drop(table);
        for (segment, footer) in sealed {
            let sealed = SealedSegment { segment: (*segment).clone(), footer: Arc::new(footer) };
            self.shared.order(Job::Index(Arc::clone(&sealed.footer)));
            self.shared.cache.insert(Arc::new(sealed));
            self.shared.order_rewrite();
        }
        if !dead.is_empty() {
            self.shared.order(Job::Retire(dead));
        }
    }

    /// Gives back what is behind the window of the page cache, and has the lane's next segments made.
    fn tidy(&mut self, lane: Lane, bytes: u64) {
        let Some(head) = &self.heads[lane as usize] else { return };
        self.page_cache.wrote(&head.segment, head.position - bytes, bytes);
        self.frame.shrink_to(POOLED_BYTES_MAX);
        let half_full = head.position >= head.segment.len / 2;
        let due = self.shared.spares().order(lane, half_full);
        if due {
            self.shared.order(Job::MakeSpares);
        }
    }
}
