//! Room for the next commit: in the segments that the heads are in, in the next ones, or, on a full disk, in what is left.
//!
//! Owns: rolling to another segment, and who is refused when there is none. Refuses: writing frames (`committer.rs`).

use super::committer::Committer;
use super::format::{FRAME_HEADER_BYTES, FrameKind, HEADER_BYTES, padded};
use super::head::{EMPTY_FRAME_BYTES, Head, RESERVE_BYTES_MAX, Retired};
use super::queue::Request;
use super::run::SNAPSHOT_ENTRY_MAX;
use super::segment::Segment;
use crate::{Lane, LogError};

impl Committer {
    /// Sees to it that `batch` fits in each lane, rolling to another segment where it does not. On a full disk refuses
    /// what cannot have room and answers the rest.
    pub(super) fn make_room(&mut self, mut batch: Vec<Request>) -> Result<Vec<Request>, LogError> {
        // The first lane last: what the others have no room for may come to it.
        for lane in Lane::ALL.into_iter().rev() {
            if !self.is_touched(&batch, lane) || self.fits(&batch, lane) {
                continue;
            }
            match self.roll(&batch, lane) {
                Ok(()) => {}
                Err(LogError::NoSpace) => batch = self.squeeze(batch, lane),
                Err(error) => return Err(self.stop(error)),
            }
        }
        Ok(batch)
    }

    /// Whether something of `batch` is for `lane`.
    pub(super) fn is_touched(&self, batch: &[Request], lane: Lane) -> bool {
        batch.iter().any(|request| self.placement.touches(request, lane))
    }

    /// At least the bytes of the frame that `batch` makes in `lane`.
    pub(super) fn frame_bytes_max(&self, batch: &[Request], lane: Lane) -> u64 {
        let there = batch.iter().filter(|request| self.placement.touches(request, lane));
        let runs: usize = there.map(Request::frame_bytes_max).sum();
        padded(FRAME_HEADER_BYTES + runs) as u64
    }

    /// Whether the part of `batch` that is for `lane` has room, with the reserve left free if it holds an append.
    fn fits(&self, batch: &[Request], lane: Lane) -> bool {
        let Some(head) = &self.heads[lane as usize] else { return false };
        let appends = batch.iter().any(|request| request.is_append() && self.placement.touches(request, lane));
        let kept = if appends { head.reserve() } else { 0 };
        let needed = self.frame_bytes_max(batch, lane) + kept;
        head.room(self.snapshot_bytes_max()).is_some_and(|room| needed <= room)
    }

    /// Takes from `batch` what the full disk has room for in `lane`, each request by what it must leave to others, and
    /// refuses the rest. Where there is no room at all, what frees space goes to the first lane.
    fn squeeze(&mut self, batch: Vec<Request>, lane: Lane) -> Vec<Request> {
        let room = self.heads[lane as usize].as_ref().and_then(|head| head.room(self.snapshot_bytes_max()));
        let reserve = self.heads[lane as usize].as_ref().map_or(0, Head::reserve);
        let diverts = room.is_none() && lane != Lane::Day;
        // What padding can take is counted as taken.
        let mut room = room.unwrap_or(0).saturating_sub(padded(FRAME_HEADER_BYTES) as u64 + 8);
        let mut taken = Vec::new();
        // Asked before anything is led elsewhere: an append must not follow.
        let touched: Vec<bool> = batch.iter().map(|request| self.placement.touches(request, lane)).collect();
        for (request, touched) in batch.into_iter().zip(touched) {
            let bytes = request.frame_bytes_max() as u64;
            if !touched {
                taken.push(request);
            } else if diverts && !request.is_append() {
                let partitions: Vec<_> = request.partitions().collect();
                partitions.into_iter().for_each(|partition| self.placement.divert(partition));
                taken.push(request);
            } else if bytes + request.must_leave(reserve) <= room {
                room -= bytes;
                taken.push(request);
            } else {
                request.refuse(LogError::NoSpace);
            }
        }
        taken
    }

    fn snapshot_bytes_max(&self) -> u64 {
        ((self.tails.partitions.len() + self.tails.dropped.len() + 2) * SNAPSHOT_ENTRY_MAX) as u64
    }

    /// Seals the segment of the lane's head, if there is one, and goes on with one that has room for `batch`.
    fn roll(&mut self, batch: &[Request], lane: Lane) -> Result<(), LogError> {
        let needed = self.frame_bytes_max(batch, lane) + self.snapshot_bytes_max() + 2 * EMPTY_FRAME_BYTES;
        let len = HEADER_BYTES + needed + needed / 8 + RESERVE_BYTES_MAX.min(needed);
        let next = self.next_segment(lane, len.max(self.shared.config.segment_bytes).next_multiple_of(8))?;
        self.shared.spares().forgive();
        let has_frames = |head: &Head| head.first_sequence.is_some() && !head.sealed;
        if self.heads[lane as usize].as_ref().is_some_and(has_frames) {
            self.write_empty(lane, FrameKind::Seal)?;
        }
        let retired = self.heads[lane as usize].take().and_then(|old| match old.first_sequence {
            Some(first_sequence) => Some(Retired { first_sequence, next_sequence: old.next_sequence }),
            // The segment without a frame that a larger one replaces stays for later; what it followed is followed by
            // the larger one.
            None => {
                self.shared.spares().put((*old.segment).clone());
                old.retired
            }
        });
        self.heads[lane as usize] = Some(Head::new(next, retired));
        Ok(())
    }

    /// A segment made ahead if one is long enough, or a new one.
    fn next_segment(&self, lane: Lane, len: u64) -> Result<Segment, LogError> {
        let ready = self.shared.spares().take(lane, len);
        if let Some(segment) = ready {
            return Ok(segment);
        }
        let made = self.shared.make_segment(lane, len)?;
        self.shared.spares().missed(lane);
        Ok(made)
    }
}
