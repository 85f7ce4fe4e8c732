//! What `repair` does instead of refusing: damaged bytes are copied to `quarantine/` and replaced by frames that say so.
//!
//! Records in the damaged frames are lost; all others stay, behind a new start where they would leave a hole.

use std::path::PathBuf;

use super::EmbeddedConfig;
use super::format::{FRAME_HEADER_BYTES, FrameKind, HEADER_BYTES, InCommit, SegmentHeader, finish_frame, u64_at};
use super::index::Footer;
use super::replay::{Read, next_sequence};
use super::run::{Run, decode_run};
use super::scan::{End, Scan, Window};
use super::segment::{self, QUARANTINE, Segment, damaged, failed, segment_path, sidecar_path};
use crate::{Lane, LogError};

/// Repairs of one segment at most; each makes progress, so this is never reached but by a broken disk.
const PASSES_MAX: usize = 10_000;

/// The error of a scan that met damage.
pub(crate) fn damage(segment: &Segment, found: &Scan) -> LogError {
    let what = match found.end {
        End::Damaged { next } => format!("a frame that was durable is damaged; the next good one is at byte {next}"),
        End::Cut => "the file was cut off here; frames that were durable are missing".into(),
        _ => format!("frame {} was durable and is damaged", found.next_sequence),
    };
    damaged(&segment.path, found.position, what)
}

/// Opens a segment; a damaged header is written anew or the segment moved aside, if that is allowed.
pub(crate) fn open_segment(config: &EmbeddedConfig, id: u64) -> Result<Option<Segment>, LogError> {
    let (vfs, dir) = (&*config.vfs, config.dir.as_path());
    match segment::open(vfs, dir, id) {
        Ok(segment) => Ok(Some(segment)),
        Err(error @ LogError::Corrupt { .. }) if config.repair => {
            if let Some(segment) = rewrite_header(config, id)? {
                tracing::error!(%error, "the header was written again");
                return Ok(Some(segment));
            }
            let from = segment_path(dir, id);
            let to = quarantine(config, &format!("seg-{id:016x}.log"))?;
            tracing::error!(%error, to = %to.display(), "segment moved aside");
            vfs.rename(&from, &to).map_err(|error| failed("rename", &from, &error))?;
            let _missing = vfs.remove(&sidecar_path(dir, id));
            vfs.sync_dir(dir).map_err(|error| failed("sync folder", dir, &error))?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Writes the header of segment `id` again when its first frame proves the salt; `None` when there is no such frame.
fn rewrite_header(config: &EmbeddedConfig, id: u64) -> Result<Option<Segment>, LogError> {
    let path = segment_path(&config.dir, id);
    let io = |error: std::io::Error| failed("repair", &path, &error);
    let file = config.vfs.open(&path).map_err(io)?;
    let len = file.len().map_err(io)?;
    if len < HEADER_BYTES + FRAME_HEADER_BYTES as u64 {
        return Ok(None);
    }
    let mut frame = [0; FRAME_HEADER_BYTES];
    file.read_exact_at(&mut frame, HEADER_BYTES).map_err(io)?;
    // Its lane cannot be told from its frames, and does not matter to who reads them.
    let mut header = SegmentHeader { id, salt: u64_at(&frame, 8), lane: Lane::Day, copy: false };
    let mut segment = Segment::new(header, path.clone(), len, file);
    // Only a copy does not begin with a snapshot.
    match Window::new(&segment).frame(HEADER_BYTES)? {
        None => return Ok(None),
        Some((_, frame)) => {
            let first = decode_run(&frame[FRAME_HEADER_BYTES..]);
            header.copy = matches!(first, Some((_, Run::Records { .. })));
            segment.copy = header.copy;
        }
    }
    let mut page = vec![0; HEADER_BYTES as usize];
    segment.file.read_exact_at(&mut page, 0).map_err(io)?;
    keep_copy(config, &format!("seg-{id:016x}-0.bin"), &page)?;
    segment.file.write_all_at(&header.encode(), 0).map_err(io)?;
    segment.file.sync_data().map_err(io)?;
    Ok(Some(segment))
}

/// Scans until there is no damage between frames, or refuses.
pub(crate) fn scan(
    config: &EmbeddedConfig,
    segment: &Segment,
    mut again: impl FnMut() -> Result<Scan, LogError>,
) -> Result<Scan, LogError> {
    let mut found = again()?;
    for _ in 0..PASSES_MAX {
        match found.end {
            End::Sealed | End::Open => break,
            End::Damaged { .. } | End::Cut if !config.repair => return Err(damage(segment, &found)),
            End::Damaged { next } => cut_out(config, segment, &found, next, FrameKind::Gap)?,
            End::Cut => {
                make_end(config, segment, &found)?;
                found.end = End::Open;
                break;
            }
        }
        found = again()?;
    }
    Ok(found)
}

/// The index of a sealed segment; damage is cut out, if that is allowed.
pub(crate) fn sealed(
    config: &EmbeddedConfig,
    segment: &Segment,
    rebuild: impl Fn(&Segment) -> Result<Footer, LogError>,
) -> Result<Footer, LogError> {
    let found = scan(config, segment, || super::scan::scan(segment, &mut |_, _| Ok(())))?;
    if config.repair && matches!(found.end, End::Open) {
        let len = segment.file.len().map_err(|error| failed("repair", &segment.path, &error))?;
        let whole = Segment { len, ..segment.clone() };
        cut_out(config, &whole, &found, len, FrameKind::Seal)?;
        return rebuild(&whole);
    }
    rebuild(segment)
}

/// A frame of the commit with `sequence`, which was durable, is at the end of no lane. Refuses; or writes a gap where it was,
/// so that nobody looks for it any more. Where none of the ends looks like it, its file is gone: then the gap is in another.
pub(crate) fn missing(config: &EmbeddedConfig, reads: &[Read], sequence: u64) -> Result<(), LogError> {
    let mut place = None;
    for read in reads.iter().filter(|read| read.is_open()) {
        let header = Window::new(&read.segment).header(read.found.position)?;
        let is_it = header.is_some_and(|header| header.sequence == sequence);
        if place.is_none() || is_it {
            place = Some((read, header.filter(|_| is_it)));
        }
        if is_it {
            break;
        }
    }
    let what = format!("commit {sequence} was durable, and a frame of it is damaged or missing");
    let error = match &place {
        Some((read, Some(_))) => damaged(&read.segment.path, read.found.position, what),
        _ => damaged(&config.dir, 0, what),
    };
    let Some((Read { segment, found, .. }, header)) = place.filter(|_| config.repair) else { return Err(error) };
    let io = |error: std::io::Error| failed("repair", &segment.path, &error);
    let span = header.map_or(FRAME_HEADER_BYTES as u64, |header| header.span());
    let mut bytes = vec![0; span.min(segment.len - found.position) as usize];
    segment.file.read_exact_at(&mut bytes, found.position).map_err(io)?;
    let to = keep_copy(config, &format!("seg-{:016x}-{}.bin", segment.id, found.position), &bytes)?;
    tracing::error!(%error, to = %to.display(), "a commit is given up");
    let mut gap = vec![0; FRAME_HEADER_BYTES];
    finish_frame(&mut gap, segment.salt, FrameKind::Gap, InCommit::empty(next_sequence(reads)));
    segment.file.write_all_at(&gap, found.position).and_then(|()| segment.file.sync_data()).map_err(io)
}

/// Keeps a copy of the torn frame at the end of a file that was cut off, and gives the file room for a seal.
fn make_end(config: &EmbeddedConfig, segment: &Segment, found: &Scan) -> Result<(), LogError> {
    let io = |error: std::io::Error| failed("repair", &segment.path, &error);
    let mut bytes = vec![0; (segment.len - found.position) as usize];
    segment.file.read_exact_at(&mut bytes, found.position).map_err(io)?;
    let path = keep_copy(config, &format!("seg-{:016x}-{}.bin", segment.id, found.position), &bytes)?;
    tracing::error!(error = %damage(segment, found), to = %path.display(), "the end of a file is missing");
    segment.file.set_len(segment.len.max(found.position + HEADER_BYTES)).map_err(io)?;
    // What is left of the frame would say once more that the file is too short.
    segment.file.write_all_at(&[0; FRAME_HEADER_BYTES], found.position).map_err(io)?;
    segment.file.sync_data().map_err(io)
}

/// Copies the bytes from where the good frames end up to `next` aside and writes a frame of `kind` in their place.
fn cut_out(
    config: &EmbeddedConfig,
    segment: &Segment,
    found: &Scan,
    next: u64,
    kind: FrameKind,
) -> Result<(), LogError> {
    let vfs = &*config.vfs;
    let io = |error: std::io::Error| failed("repair", &segment.path, &error);
    let position = found.position;
    let mut bytes = vec![0; (next - position) as usize];
    segment.file.read_exact_at(&mut bytes, position).map_err(io)?;
    let path = keep_copy(config, &format!("seg-{:016x}-{position}.bin", segment.id), &bytes)?;
    // A stale index would lead into the hole.
    let _missing = vfs.remove(&sidecar_path(&config.dir, segment.id));
    vfs.sync_dir(&config.dir).map_err(io)?;
    tracing::error!(error = %damage(segment, found), to = %path.display(), "damage moved aside");
    if bytes.len() < FRAME_HEADER_BYTES {
        return Err(damage(segment, found));
    }
    bytes.fill(0);
    let sequence = match found.first_sequence {
        Some(_) => found.next_sequence,
        // The first frame of the segment: its place among the segments is that of the frame behind it.
        None => Window::new(segment).frame(next)?.map_or(0, |(header, _)| header.sequence.saturating_sub(1)),
    };
    let mut frame = vec![0; if kind == FrameKind::Gap { bytes.len() } else { FRAME_HEADER_BYTES }];
    finish_frame(&mut frame, segment.salt, kind, InCommit::empty(sequence));
    bytes[..frame.len()].copy_from_slice(&frame);
    segment.file.write_all_at(&bytes, position).map_err(io)?;
    segment.file.sync_data().map_err(io)
}

/// Takes a segment without any good frame, which may be a wholly damaged one, out of the way.
pub(crate) fn set_blank_aside(config: &EmbeddedConfig, segment: &Segment) -> Result<(), LogError> {
    let to = quarantine(config, &format!("seg-{:016x}.log", segment.id))?;
    config.vfs.rename(&segment.path, &to).map_err(|error| failed("rename", &segment.path, &error))?;
    config.vfs.sync_dir(&config.dir).map_err(|error| failed("sync folder", &config.dir, &error))
}

/// Writes `bytes` to a file in the quarantine, durably.
fn keep_copy(config: &EmbeddedConfig, name: &str, bytes: &[u8]) -> Result<PathBuf, LogError> {
    let path = quarantine(config, name)?;
    let io = |error: std::io::Error| failed("write", &path, &error);
    let _earlier = config.vfs.remove(&path);
    let copy = config.vfs.create(&path).map_err(io)?;
    copy.write_all_at(bytes, 0).map_err(io)?;
    copy.sync_data().map_err(io)?;
    config.vfs.sync_dir(&config.dir.join(QUARANTINE)).map_err(io)?;
    Ok(path)
}

fn quarantine(config: &EmbeddedConfig, name: &str) -> Result<PathBuf, LogError> {
    let dir = config.dir.join(QUARANTINE);
    config.vfs.create_dir_all(&dir).map_err(|error| failed("make folder", &dir, &error))?;
    Ok(dir.join(name))
}
