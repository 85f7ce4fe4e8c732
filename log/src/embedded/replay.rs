//! The ends of the lanes: from their newest segments to the bounds of every partition and the places of the next frames.
//!
//! Each segment begins with a snapshot of every partition before it. The newest snapshot of all lanes, and the frames of
//! all lanes from its commit on, give all bounds; none of those frames can be in an older segment, because the segment
//! behind it would have a newer snapshot. From there on commits count up without a gap over the lanes, and each says how
//! many frames it has. So a commit that is not whole shows. The last one was never acknowledged, and is taken back; any
//! other was durable, and that it is not whole is damage.
//!
//! Owns: reading the ends, and that judgement. Refuses: the other segments (`recovery.rs`).

use super::EmbeddedConfig;
use super::format::{FRAME_HEADER_BYTES, FrameKind, HEADER_BYTES, padded};
use super::head::Head;
use super::index::ActiveIndex;
use super::reader::add_posting;
use super::recovery::{Chain, Known};
use super::repair;
use super::run::Run;
use super::scan::{End, Place, Scan, Window, scan};
use super::segment::{Segment, damaged, failed};
use super::tails::Tails;
use crate::{Lane, LogError};

/// What became of reading the ends.
pub(super) enum Outcome {
    /// They are whole.
    Whole(Box<Replayed>),
    /// Something was mended on disk, and everything must be read again.
    Mended,
}

/// What the ends say.
pub(super) struct Replayed {
    pub(super) tails: Tails,
    /// Of each lane that has a segment with frames: the place of its next frame, and what its newest segment holds.
    pub(super) ends: Vec<(Head, ActiveIndex)>,
    /// See [`Start::sequence`](super::committer::Start::sequence).
    pub(super) sequence: u64,
    /// See [`Start::unmarked`](super::committer::Start::unmarked).
    pub(super) unmarked: Option<Lane>,
}

/// A segment that was read.
pub(super) struct Read {
    pub(super) segment: Segment,
    pub(super) found: Scan,
    runs: Vec<(Run, Place)>,
    /// Whether it is the newest of its lane.
    is_end: bool,
}

impl Read {
    fn new(config: &EmbeddedConfig, known: &Known, is_end: bool) -> Result<Self, LogError> {
        let mut segment = known.open(config)?;
        let mut runs = Vec::new();
        let found = repair::scan(config, &segment, || {
            runs.clear();
            scan(&segment, &mut |run, place| {
                runs.push((run, place));
                Ok(())
            })
        })?;
        // Repair makes a file longer that was cut off.
        segment.len = segment.file.len().map_err(|error| failed("open segment", &segment.path, &error))?;
        Ok(Self { segment, found, runs, is_end })
    }

    /// Its newest snapshot, and the commit that has it.
    fn snapshot(&self) -> Option<(u64, &Run)> {
        let snapshots = self.runs.iter().filter(|(run, _)| matches!(run, Run::Snapshot { .. }));
        snapshots.map(|(run, place)| (place.sequence, run)).max_by_key(|(sequence, _)| *sequence)
    }

    /// Whether frames can still be written behind its own; the last place is the seal's, the one before a marker's.
    pub(super) fn is_open(&self) -> bool {
        let used = self.found.position + 3 * FRAME_HEADER_BYTES as u64;
        self.is_end && self.found.end == End::Open && used <= self.segment.len
    }
}

/// Reads the newest segment of each lane; where a repair cut snapshots out, also older ones.
pub(super) fn replay(config: &EmbeddedConfig, chains: &[Chain; Lane::ALL.len()]) -> Result<Outcome, LogError> {
    let reads = read_ends(config, chains)?;
    let snapshot = newest_snapshot(&reads);
    match judge(&reads, snapshot.map(|(sequence, _)| sequence)) {
        Verdict::Whole => {}
        Verdict::Unfinished(sequence) => {
            take_back(&reads, sequence)?;
            return Ok(Outcome::Mended);
        }
        Verdict::Missing(sequence) => {
            repair::missing(config, &reads, sequence)?;
            return Ok(Outcome::Mended);
        }
    }
    let tails = replay_runs(&reads, snapshot)?;
    let sequence = next_sequence(&reads);
    let mut unmarked = None;
    let mut ends = Vec::new();
    for Read { segment, found, runs, .. } in reads.into_iter().filter(|read| read.is_end) {
        settle_end(&segment, &found)?;
        let is_last = found.next_sequence == sequence;
        if is_last && found.last_frame.is_some_and(|(_, last)| last.kind == FrameKind::Commit && last.runs > 0) {
            unmarked = Some(segment.lane);
        }
        let mut index = ActiveIndex::new();
        runs.iter().for_each(|(run, place)| add_posting(&mut index, run, *place));
        index.retain(|partition, _| tails.partitions.contains_key(partition));
        let head = Head {
            position: found.position,
            first_sequence: found.first_sequence,
            next_sequence: found.next_sequence,
            sealed: found.end == End::Sealed,
            ..Head::new(segment, None)
        };
        ends.push((head, index));
    }
    Ok(Outcome::Whole(Box::new(Replayed { tails, ends, sequence, unmarked })))
}

fn read_ends(config: &EmbeddedConfig, chains: &[Chain; Lane::ALL.len()]) -> Result<Vec<Read>, LogError> {
    let mut unread: Vec<Vec<&Known>> =
        chains.iter().map(|chain| chain.iter().filter(|known| !known.copy).collect()).collect();
    let mut reads = Vec::new();
    for known in unread.iter_mut().filter_map(Vec::pop) {
        reads.push(Read::new(config, known, true)?);
    }
    // Until each lane was read from the newest snapshot on.
    loop {
        let snapshot = newest_snapshot(&reads).map(|(sequence, _)| sequence);
        let begins_late = |lane: usize| {
            let its = reads.iter().filter(|read: &&Read| read.segment.lane as usize == lane);
            let first = its.filter_map(|read| read.found.first_sequence).min();
            first.is_some_and(|first| snapshot.is_none_or(|snapshot| first > snapshot))
        };
        let Some(lane) = (0..unread.len()).find(|lane| !unread[*lane].is_empty() && begins_late(*lane)) else {
            return Ok(reads);
        };
        if chains.iter().flatten().any(|known| known.copy) {
            // Without the snapshot nothing tells how far the records in copies reach: a repair would take them for dead.
            let what = "the snapshot is damaged, and copied records would be lost by a repair; export them first";
            let path = reads.iter().find(|read| read.segment.lane as usize == lane).map(|read| &read.segment.path);
            return Err(damaged(path.unwrap_or(&config.dir), HEADER_BYTES, what));
        }
        if let Some(known) = unread[lane].pop() {
            reads.push(Read::new(config, known, false)?);
        }
    }
}

fn newest_snapshot(reads: &[Read]) -> Option<(u64, &Run)> {
    reads.iter().filter_map(Read::snapshot).max_by_key(|(sequence, _)| *sequence)
}

/// One past the last commit of which there is a frame.
pub(super) fn next_sequence(reads: &[Read]) -> u64 {
    reads.iter().map(|read| read.found.next_sequence).max().unwrap_or(0)
}

/// What the frames say of the commits.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// All are whole.
    Whole,
    /// The last one is not.
    Unfinished(u64),
    /// One before the last is not, or not there.
    Missing(u64),
}

/// Looks at the commits from `first` on. Behind a gap of a repair they need not be whole.
fn judge(reads: &[Read], first: Option<u64>) -> Verdict {
    let frames = reads.iter().flat_map(|read| &read.found.commits).filter(|(sequence, _)| Some(*sequence) >= first);
    let mut frames: Vec<(u64, u32)> = frames.copied().collect();
    frames.sort_unstable();
    let is_mended = reads.iter().any(|read| read.found.gap);
    judge_frames(&frames, first, is_mended)
}

/// `frames` are, in order, the commit of each frame and how many frames that has besides.
fn judge_frames(frames: &[(u64, u32)], first: Option<u64>, is_mended: bool) -> Verdict {
    let mut expected = first;
    let commits = frames.chunk_by(|one, next| one.0 == next.0);
    let last = frames.last().map(|(sequence, _)| *sequence);
    for commit in commits {
        let (sequence, others) = commit[0];
        let is_whole = commit.len() == others as usize + 1;
        match expected {
            Some(expected) if expected != sequence && !is_mended => return Verdict::Missing(expected),
            _ if is_whole => {}
            _ if Some(sequence) == last && commit.len() <= others as usize => return Verdict::Unfinished(sequence),
            _ if !is_mended => return Verdict::Missing(sequence),
            _ => {}
        }
        expected = Some(sequence + 1);
    }
    Verdict::Whole
}

/// Takes the frames of a commit that is not whole back, durably: whatever comes to stand in the other lanes under its
/// sequence, they are not of it.
fn take_back(reads: &[Read], sequence: u64) -> Result<(), LogError> {
    for Read { segment, found, .. } in reads {
        let Some((position, _)) = found.last_frame.filter(|(_, last)| last.sequence == sequence) else { continue };
        tracing::info!(sequence, segment = segment.id, "a commit that was never whole is taken back");
        let erased = segment.file.write_all_at(&[0; FRAME_HEADER_BYTES], position);
        let erased = erased.and_then(|()| segment.file.sync_data());
        erased.map_err(|error| failed("take back", &segment.path, &error))?;
    }
    Ok(())
}

/// The bounds of all partitions: those of the snapshot, and what was committed from then on.
fn replay_runs(reads: &[Read], snapshot: Option<(u64, &Run)>) -> Result<Tails, LogError> {
    let is_mended = reads.iter().any(|read| read.found.gap);
    let mut tails = Tails::default();
    if let Some((_, run)) = snapshot {
        // A snapshot contradicts nothing.
        let _fits = tails.replay(run, is_mended);
    }
    let mut runs: Vec<(&Segment, &Run, Place)> = Vec::new();
    for read in reads {
        let changes = read.runs.iter().filter(|(run, _)| !matches!(run, Run::Snapshot { .. }));
        let from = changes.filter(|(_, place)| snapshot.is_none_or(|(sequence, _)| place.sequence >= sequence));
        runs.extend(from.map(|(run, place)| (&read.segment, run, *place)));
    }
    // In a commit a partition is in one lane only.
    runs.sort_by_key(|(_, _, place)| place.sequence);
    for (segment, run, place) in runs {
        let wrong = |what| damaged(&segment.path, u64::from(place.position), what);
        tails.replay(run, is_mended).map_err(wrong)?;
    }
    Ok(tails)
}

/// Writes the last frame again and flushes. The frame may be in the system's cache only, and after a failed flush the
/// system believes that cache to be clean: without a new write it would never reach the disk.
///
/// What a torn write left behind that frame stays, as the remains of a segment's former lives do. The next frame is
/// written over its beginning, which is the only place where it had a frame header of this segment; so whatever is left
/// of it behind the next frame cannot be taken for a frame, now or at any later start.
fn settle_end(segment: &Segment, found: &Scan) -> Result<(), LogError> {
    let io = |error: std::io::Error| failed("settle", &segment.path, &error);
    let mut window = Window::new(segment);
    if let Some((position, _)) = found.last_frame
        && let Some((_, frame)) = window.frame(position)?
    {
        let mut frame = frame.to_vec();
        frame.resize(padded(frame.len()), 0);
        segment.file.write_all_at(&frame, position).map_err(io)?;
    }
    segment.file.sync_data().map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_commit_may_lack_a_frame() {
        let judge = |frames: &[(u64, u32)]| judge_frames(frames, Some(4), false);
        assert_eq!(judge(&[(4, 0), (5, 1), (5, 1), (6, 0)]), Verdict::Whole);
        assert_eq!(judge(&[(4, 0), (5, 0), (6, 1)]), Verdict::Unfinished(6));
        assert_eq!(judge(&[(4, 0), (5, 2), (5, 2)]), Verdict::Unfinished(5));
        assert_eq!(judge(&[(4, 0), (5, 1), (6, 0)]), Verdict::Missing(5), "a frame");
        assert_eq!(judge(&[(4, 0), (6, 0)]), Verdict::Missing(5), "a commit");
        assert_eq!(judge(&[(5, 0)]), Verdict::Missing(4), "the first");
        assert_eq!(judge(&[(4, 0), (5, 0), (5, 0)]), Verdict::Missing(5), "one frame too many");
        assert_eq!(judge_frames(&[(4, 0), (6, 1), (9, 0)], Some(4), true), Verdict::Whole, "a repair says so");
        assert_eq!(judge_frames(&[(4, 0), (6, 1)], Some(4), true), Verdict::Unfinished(6));
        assert_eq!(judge_frames(&[], None, false), Verdict::Whole);
    }
}
