//! Reads a segment from its first frame to its end, and says what kind of end that is.
//!
//! The rule that tells a torn tail from damage: one commit is in flight at a time, and each frame says that all commits
//! before its own were durable when it was written. So a bad frame with a good one behind it was durable once and is
//! damage; any other may be the torn tail of the last write, which nobody was told of. Whether it is, the other lanes
//! know: if they hold a later commit, one is missing (`recovery.rs`).
//!
//! A recycled segment has the frames of its former lives behind its own. They bear other salts, so here they are as
//! good as zeros.

use super::format::{FRAME_ALIGN, FRAME_HEADER_BYTES, FrameHeader, FrameKind, HEADER_BYTES, check_frame};
use super::run::{Run, decode_run};
use super::segment::{Segment, damaged, failed};
use crate::LogError;
use crate::vfs::SECTOR_BYTES;

const WINDOW_BYTES: usize = 1 << 20;

/// Why a scan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// At the seal.
    Sealed,
    /// At bytes that are no frame, with no frame behind them: zeros, what a dead segment left, or a torn write.
    Open,
    /// At bytes that are no frame, though a frame stands behind them at this position.
    Damaged { next: u64 },
    /// At bytes that are no frame and too few: a segment always has room for its seal, so the file was cut off.
    Cut,
}

/// What a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// Of the first frame; `None` when there is no frame.
    pub(crate) first_sequence: Option<u64>,
    /// One past the last good frame's.
    pub(crate) next_sequence: u64,
    /// Where the last good frame stands, and what it says of itself.
    pub(crate) last_frame: Option<(u64, FrameHeader)>,
    /// The good frames: the commit of each, and how many frames that has besides.
    pub(crate) commits: Vec<(u64, u32)>,
    /// Where the good frames end.
    pub(crate) position: u64,
    /// Whether repair cut something out earlier.
    pub(crate) gap: bool,
    pub(crate) end: End,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Of its commit.
    pub(crate) sequence: u64,
    pub(crate) position: u32,
    pub(crate) length: u32,
}

type OnRun<'a> = &'a mut dyn FnMut(Run, Place) -> Result<(), String>;

/// Reads `segment`, hands each run of its good frames to `on_run` in order, and looks for frames behind the last.
pub(crate) fn scan(segment: &Segment, on_run: OnRun<'_>) -> Result<Scan, LogError> {
    let mut window = Window::new(segment);
    let mut scan = Scan {
        first_sequence: None,
        next_sequence: 0,
        last_frame: None,
        commits: Vec::new(),
        position: HEADER_BYTES,
        gap: false,
        end: End::Open,
    };
    while let Some((header, frame)) = window.frame(scan.position)? {
        // What is missing between them is in other lanes; recovery knows.
        if scan.first_sequence.is_some() && header.sequence < scan.next_sequence {
            break;
        }
        let body = u32::try_from(scan.position).unwrap_or(u32::MAX) + FRAME_HEADER_BYTES as u32;
        if header.kind == FrameKind::Commit {
            give_runs(header, &frame[FRAME_HEADER_BYTES..], body, on_run)
                .map_err(|what| damaged(&segment.path, scan.position, what))?;
        }
        scan.gap |= header.kind == FrameKind::Gap;
        scan.first_sequence = scan.first_sequence.or(Some(header.sequence));
        scan.next_sequence = header.sequence + 1;
        scan.last_frame = Some((scan.position, header));
        scan.commits.push((header.sequence, header.others));
        scan.position += header.span();
        if header.kind == FrameKind::Seal {
            scan.end = End::Sealed;
            return Ok(scan);
        }
    }
    look_behind(&mut window, &mut scan)?;
    if !matches!(scan.end, End::Damaged { .. }) && is_cut(&mut window, &scan)? {
        scan.end = End::Cut;
    }
    Ok(scan)
}

fn give_runs(header: FrameHeader, runs: &[u8], body: u32, on_run: OnRun<'_>) -> Result<(), String> {
    let mut at = 0;
    for _ in 0..header.runs {
        let (length, run) = decode_run(&runs[at..]).ok_or("a frame with a good checksum holds a run that is none")?;
        on_run(run, Place { sequence: header.sequence, position: body + at as u32, length: length as u32 })?;
        at += length;
    }
    if at == runs.len() { Ok(()) } else { Err("a frame with a good checksum holds more than its runs".into()) }
}

/// Whether the file ends where it cannot end by itself: before there is room for a seal, or inside a frame. A torn
/// write does not do that, because the length of a segment never changes.
fn is_cut(window: &mut Window<'_>, scan: &Scan) -> Result<bool, LogError> {
    let position = scan.position;
    let len = window.segment.len;
    if position + FRAME_HEADER_BYTES as u64 > len {
        return Ok(true);
    }
    let Some(header) = window.header(position)? else { return Ok(false) };
    let follows = scan.first_sequence.is_none() || header.sequence >= scan.next_sequence;
    // A header that lies across two sectors may be torn itself. Its length counts only if the field before the length is
    // what every frame has there, and in the same sector.
    let first_part = SECTOR_BYTES as u64 - position % SECTOR_BYTES as u64;
    let whole = header.durable_below == header.sequence && !(25..=35).contains(&first_part);
    Ok(follows && whole && position + header.span() > len)
}

/// Searches for frames behind the good ones.
fn look_behind(window: &mut Window<'_>, scan: &mut Scan) -> Result<(), LogError> {
    let salt = window.segment.salt;
    let mut position = scan.position;
    let mut next = None;
    while position + FRAME_ALIGN as u64 <= window.segment.len {
        let left = (window.segment.len - position).min(WINDOW_BYTES as u64) as usize;
        let bytes = window.bytes(position, left)?.unwrap_or_default();
        let Some(hit) = candidate(bytes, salt) else {
            // Overlaps by a header, so that none is cut in two.
            let done = (left / FRAME_ALIGN * FRAME_ALIGN).saturating_sub(FRAME_HEADER_BYTES);
            position += if done == 0 || left < WINDOW_BYTES { left as u64 } else { done as u64 };
            continue;
        };
        position += hit as u64;
        if position > scan.position
            && let Some((header, _)) = window.frame(position)?
        {
            next = next.or(Some(position));
            position += header.span();
        } else {
            position += FRAME_ALIGN as u64;
        }
    }
    scan.end = next.map_or(End::Open, |next| End::Damaged { next });
    Ok(())
}

/// The first place in `bytes` that looks like a frame header with `salt`.
fn candidate(bytes: &[u8], salt: u64) -> Option<usize> {
    const ZEROS: [u8; 4096] = [0; 4096];
    for (index, page) in bytes.chunks(ZEROS.len()).enumerate() {
        if *page == ZEROS[..page.len()] {
            continue;
        }
        let start = index * ZEROS.len();
        let mut places = (start..start + page.len()).step_by(FRAME_ALIGN);
        if let Some(hit) = places.find(|at| FrameHeader::decode(&bytes[*at..], salt).is_some()) {
            return Some(hit);
        }
    }
    None
}

/// A part of a segment in memory.
pub(crate) struct Window<'a> {
    segment: &'a Segment,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    pub(crate) fn new(segment: &'a Segment) -> Self {
        Self { segment, start: 0, bytes: Vec::new() }
    }

    /// The `len` bytes at `position`; `None` when the segment ends before.
    fn bytes(&mut self, position: u64, len: usize) -> Result<Option<&[u8]>, LogError> {
        if position.checked_add(len as u64).is_none_or(|end| end > self.segment.len) {
            return Ok(None);
        }
        let inside = position >= self.start && position + len as u64 <= self.start + self.bytes.len() as u64;
        if !inside {
            let ahead = (self.segment.len - position).min(WINDOW_BYTES.max(len) as u64);
            self.bytes.resize(ahead as usize, 0);
            self.start = position;
            let file = &self.segment.file;
            file.read_exact_at(&mut self.bytes, position)
                .map_err(|error| failed("read", &self.segment.path, &error))?;
        }
        let from = (position - self.start) as usize;
        Ok(self.bytes.get(from..from + len))
    }

    /// The header of a frame of this segment at `position`, whatever is behind it.
    pub(crate) fn header(&mut self, position: u64) -> Result<Option<FrameHeader>, LogError> {
        let salt = self.segment.salt;
        Ok(self.bytes(position, FRAME_HEADER_BYTES)?.and_then(|bytes| FrameHeader::decode(bytes, salt)))
    }

    /// The good frame at `position`: its header, and header and runs as bytes.
    pub(crate) fn frame(&mut self, position: u64) -> Result<Option<(FrameHeader, &[u8])>, LogError> {
        let Some(header) = self.header(position)? else { return Ok(None) };
        let Some(frame) = self.bytes(position, FRAME_HEADER_BYTES + header.length as usize)? else { return Ok(None) };
        Ok(check_frame(frame).then_some((header, frame)))
    }
}
