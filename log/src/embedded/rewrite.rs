//! Copies the live records of a sealed segment that is kept alive by little into a segment of their own, so that the old
//! one can die: a record with a year to live does not hold 64 MiB of its neighbours of a day.
//!
//! The copy is made apart from the commits: under a `.new` name, frame by frame, ending with a seal, synced, and only
//! then named. Its runs are those of the old segment under another salt, so offsets and times stay. Its first frame has
//! the sequence of the old segment's first frame, which gives it the old one's place in the order of segments, and its
//! header says that it is a copy: it has no snapshot and is never the newest. A crash before it has its name leaves the
//! old segment; after it, both, and the start takes the copy: it holds whatever was live when it was made, and what
//! died since is dead by the newest segment too. The old segment is retired only when the copy is durable.
//!
//! One is made for each segment that is sealed, at most, so this writes at most half of what the appends write. Owns:
//! copying and swapping. Refuses: the table's bookkeeping (`table.rs`), and damage: a segment with a damaged run stays.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::cache::SealedSegment;
use super::format::{FRAME_HEADER_BYTES, FrameKind, HEADER_BYTES, InCommit, SegmentHeader, finish_frame};
use super::index::{ActiveIndex, Footer, Posting};
use super::reader::sealed_segment;
use super::run::reseal;
use super::segment::{Segment, damaged, failed, new_salt, segment_path};
use super::shared::Shared;
use crate::LogError;

/// A frame of the copy ends past this many bytes and is flushed: one large flush would hold up those of the commits.
const FRAME_BYTES_SOFT: usize = 1 << 20;

/// What became of a segment.
pub(crate) struct Rewritten {
    pub(crate) copy: Arc<SealedSegment>,
    /// Which of the two is not in use: the original, or the copy when the original died before it was whole.
    pub(crate) dead: u64,
}

/// Copies one segment if there is one that is worth it. `between` is called after each piece.
pub(crate) fn rewrite_one(shared: &Shared, between: &dyn Fn()) -> Result<Option<Rewritten>, LogError> {
    let Some(id) = shared.table().sparse(shared.config.rewrite_below_percent) else { return Ok(None) };
    // Whatever comes of it: it is not looked at again before more of it has died.
    shared.table().keep_whole(id);
    let Some(old) = sealed_segment(shared, id)? else { return Ok(None) };
    let live = shared.table().live_in(&old.footer);
    let bytes: u64 = live.iter().map(|(_, posting)| u64::from(posting.length)).sum();
    if bytes == 0 || bytes * 100 >= old.segment.len * u64::from(shared.config.rewrite_below_percent) {
        return Ok(None);
    }
    let mut copy = Copy::begin(shared, &old)?;
    let made = copy.fill(&old.segment, &live, between).and_then(|index| copy.name().map(|segment| (index, segment)));
    let (index, segment) = made.inspect_err(|_| {
        // Gives the room back; a leftover is removed at the next open.
        let _gone = shared.config.vfs.remove(&copy.path);
    })?;
    let footer = Footer::new(segment.id, segment.salt, (old.footer.first_sequence, copy.sequence), index);
    let replaced = shared.table().replace(id, &footer, segment.len);
    let dead = if replaced { id } else { segment.id };
    Ok(Some(Rewritten { copy: Arc::new(SealedSegment { segment, footer: Arc::new(footer) }), dead }))
}

/// A copy that has no name yet.
struct Copy<'a> {
    shared: &'a Shared,
    path: PathBuf,
    segment: Segment,
    sequence: u64,
    frame: Vec<u8>,
    runs: u32,
}

impl<'a> Copy<'a> {
    fn begin(shared: &'a Shared, old: &SealedSegment) -> Result<Self, LogError> {
        let id = shared.next_segment.fetch_add(1, Ordering::Relaxed);
        let salt = new_salt(&*shared.config.random);
        let name = segment_path(&shared.config.dir, id);
        let path = name.with_extension("log.new");
        let file = shared.config.vfs.create(&path).map_err(|error| failed("make segment", &path, &error))?;
        let header = SegmentHeader { id, salt, lane: old.segment.lane, copy: true };
        let segment = Segment::new(header, name, HEADER_BYTES, file);
        let frame = vec![0; FRAME_HEADER_BYTES];
        Ok(Self { shared, path, segment, sequence: old.footer.first_sequence, frame, runs: 0 })
    }

    /// Writes everything, and answers where it stands.
    fn fill(
        &mut self,
        old: &Segment,
        live: &[(types::PartitionId, Posting)],
        between: &dyn Fn(),
    ) -> Result<ActiveIndex, LogError> {
        let Segment { id, salt, lane, copy, .. } = self.segment;
        let header = SegmentHeader { id, salt, lane, copy };
        self.write(&header.encode(), 0)?;
        let mut index = ActiveIndex::new();
        for (partition, posting) in live {
            let mut run = vec![0; posting.length as usize];
            let from = u64::from(posting.position);
            old.file.read_exact_at(&mut run, from).map_err(|error| failed("read", &old.path, &error))?;
            if !reseal(&mut run, old.salt, self.segment.salt) {
                return Err(damaged(&old.path, from, "the run is damaged and the segment stays as it is"));
            }
            let position = (self.segment.len + self.frame.len() as u64) as u32;
            index.entry(*partition).or_default().push(Posting { position, ..*posting });
            self.frame.extend_from_slice(&run);
            self.runs += 1;
            if self.frame.len() >= FRAME_BYTES_SOFT {
                self.end_frame(FrameKind::Commit)?;
                between();
            }
        }
        if self.runs > 0 {
            self.end_frame(FrameKind::Commit)?;
        }
        self.end_frame(FrameKind::Seal)?;
        Ok(index)
    }

    fn end_frame(&mut self, kind: FrameKind) -> Result<(), LogError> {
        let mut frame = std::mem::take(&mut self.frame);
        let place = InCommit { sequence: self.sequence, runs: self.runs, others: 0 };
        finish_frame(&mut frame, self.segment.salt, kind, place);
        self.write(&frame, self.segment.len)?;
        self.segment.len += frame.len() as u64;
        self.sequence += 1;
        self.runs = 0;
        frame.clear();
        frame.resize(FRAME_HEADER_BYTES, 0);
        self.frame = frame;
        Ok(())
    }

    fn write(&self, bytes: &[u8], position: u64) -> Result<(), LogError> {
        let file = &self.segment.file;
        let written = file.write_all_at(bytes, position).and_then(|()| file.sync_data());
        written.map_err(|error| failed("write", &self.path, &error))
    }

    /// Gives the whole and durable copy its name.
    fn name(&self) -> Result<Segment, LogError> {
        let (vfs, dir) = (&*self.shared.config.vfs, &self.shared.config.dir);
        vfs.rename(&self.path, &self.segment.path).map_err(|error| failed("rename", &self.path, &error))?;
        vfs.sync_dir(dir).map_err(|error| failed("sync folder", dir, &error))?;
        Ok(self.segment.clone())
    }
}
