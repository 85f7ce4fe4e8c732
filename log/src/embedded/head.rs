//! The place of a lane's next frame.
//!
//! Owns: how much room there is, and writing and flushing there. Refuses: when, and what it means (`committer.rs`).

use std::sync::Arc;

use super::format::{FRAME_HEADER_BYTES, HEADER_BYTES};
use super::segment::Segment;
use crate::LogError;

/// What the system's cache reads and writes at a time.
const PAGE_BYTES: u64 = 4096;
/// A seal, and a marker: frames without runs.
pub(crate) const EMPTY_FRAME_BYTES: u64 = FRAME_HEADER_BYTES as u64;
/// The part of a segment that appends leave for commands, checkpoints, trims, closes, drops and markers, so that a full
/// disk can be cured: by deleting a stream, or by delivering and trimming. Some thousand of them have room.
pub(crate) const RESERVE_BYTES_MAX: u64 = 1 << 20;

/// See the module text.
pub(crate) struct Head {
    pub(crate) segment: Arc<Segment>,
    pub(crate) position: u64,
    /// The sequence of the segment's first frame; `None` while it has none.
    pub(crate) first_sequence: Option<u64>,
    /// One past the sequence of the segment's last frame.
    pub(crate) next_sequence: u64,
    /// Whether the segment ends with a seal already (a crash came between the seal and the next segment's first frame).
    pub(crate) sealed: bool,
    /// That of the lane's last segment, which is sealed on disk and not yet in the table.
    pub(crate) retired: Option<Retired>,
}

/// The sequences of a sealed segment: of its first frame, and one past its seal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retired {
    pub(crate) first_sequence: u64,
    pub(crate) next_sequence: u64,
}

impl Head {
    /// At the beginning of a blank segment.
    pub(crate) fn new(segment: Segment, retired: Option<Retired>) -> Self {
        let segment = Arc::new(segment);
        Self { segment, position: HEADER_BYTES, first_sequence: None, next_sequence: 0, sealed: false, retired }
    }

    /// Bytes for frames, the segment's seal and a marker apart; none when it is sealed. A first frame begins with a
    /// snapshot, which takes at most so many bytes.
    pub(crate) fn room(&self, snapshot_bytes_max: u64) -> Option<u64> {
        let snapshot = if self.first_sequence.is_none() { snapshot_bytes_max } else { 0 };
        let used = self.position + snapshot + 2 * EMPTY_FRAME_BYTES;
        self.segment.len.checked_sub(used).filter(|_| !self.sealed)
    }

    /// What appends leave to others.
    pub(crate) fn reserve(&self) -> u64 {
        (self.segment.len / 16).min(RESERVE_BYTES_MAX)
    }

    /// Writes a finished frame, and zeros behind it up to the next page: the rest of a page that was written in a former
    /// life of the segment would have to be read first.
    pub(crate) fn write(&self, frame: &mut Vec<u8>) -> Result<(), LogError> {
        let bytes = frame.len();
        let page_end = (self.position + bytes as u64).next_multiple_of(PAGE_BYTES).min(self.segment.len);
        frame.resize((page_end - self.position) as usize, 0);
        let written = self.segment.file.write_all_at(frame, self.position);
        frame.truncate(bytes);
        written.map_err(|error| self.failed("write", &error))
    }

    /// Makes durable what was written: a frame of `bytes` in the commit with `sequence`.
    pub(crate) fn flush(&mut self, sequence: u64, bytes: u64) -> Result<(), LogError> {
        self.segment.file.sync_data().map_err(|error| self.failed("flush", &error))?;
        self.first_sequence.get_or_insert(sequence);
        self.next_sequence = sequence + 1;
        self.position += bytes;
        Ok(())
    }

    fn failed(&self, action: &'static str, error: &std::io::Error) -> LogError {
        LogError::Io { action, path: self.segment.path.display().to_string(), message: error.to_string() }
    }
}
