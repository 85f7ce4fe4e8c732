//! From the files of a folder to the state of a log.
//!
//! Sealed segments are taken by their sidecars, or by a scan where one is missing or damaged; the newest segment is
//! always scanned: it begins with a snapshot of every partition, so it alone gives all bounds. What cannot be explained
//! by the loss of the last, unacknowledged write is [`LogError::Corrupt`]; with `repair` it is moved aside first
//! (`repair.rs`).

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use types::{Offset, PartitionId};

use super::EmbeddedConfig;
use super::committer::Head;
use super::format::{HEADER_BYTES, padded};
use super::index::{ActiveIndex, Footer};
use super::reader::{add_posting, rebuild};
use super::repair;
use super::run::Run;
use super::scan::{End, Scan, Window, scan};
use super::segment::{self, Segment, damaged, failed, new_salt, parse_name};
use super::spares::{READY_MAX, Spares};
use super::table::Table;
use super::tails::Tails;
use crate::LogError;

/// What recovery hands to the threads.
pub(crate) struct Recovered {
    pub(crate) tails: Tails,
    pub(crate) table: Table,
    pub(crate) head: Head,
    pub(crate) sequence: u64,
    pub(crate) spares: Spares,
    pub(crate) next_segment: u64,
    /// Sealed segments whose sidecar has to be written.
    pub(crate) unindexed: Vec<(Segment, Footer)>,
    /// Where partitions must start after repair cut records out.
    pub(crate) holes: Vec<(PartitionId, Offset)>,
}

/// A segment with frames and what is known of it.
struct Known {
    segment: Segment,
    first_sequence: u64,
    sidecar: Option<Footer>,
}

/// A segment without a good frame, and whether nothing was ever written to it.
type Blank = (Segment, bool);

/// What the folder holds.
struct Files {
    segments: BTreeSet<u64>,
    /// Of dead segments.
    retired: BTreeSet<u64>,
    /// No file has it or a higher one.
    next_id: u64,
}

/// Reads the folder; on return everything that is in the state is durable.
pub(crate) fn recover(config: &EmbeddedConfig) -> Result<Recovered, LogError> {
    let Files { segments, retired, next_id: mut next_segment } = tidy(config)?;
    // A process that was killed between a rename and the sync of the folder left a name that only its system knows.
    config.vfs.sync_dir(&config.dir).map_err(|error| failed("sync folder", &config.dir, &error))?;
    let (mut known, blanks) = survey(config, segments)?;
    let superseded = take_superseded(&mut known);
    if let Some(newest) = known.last()
        && (newest.sidecar.is_some() || newest.segment.copy)
    {
        let what = "the segment is sealed and indexed, but the one that followed it is missing or has no good frame";
        return Err(damaged(&newest.segment.path, 0, what));
    }
    if known.is_empty() {
        let mut spares = stock(config, blanks, superseded, retired, 0)?;
        let segment = match spares.take(config.segment_bytes) {
            Some(segment) => segment,
            None => {
                next_segment += 1;
                first_segment(config, &mut spares, next_segment - 1)?
            }
        };
        return Ok(empty(segment, spares, next_segment));
    }
    let Replayed { tails, index, found } = replay(config, &known)?;
    let mut segment = known.pop().map(|newest| newest.segment).expect("it is not empty");
    // Repair makes a file longer that was cut off.
    segment.len = segment.file.len().map_err(|error| failed("open segment", &segment.path, &error))?;
    let segment = Arc::new(segment);
    settle_end(&segment, &found)?;
    let mut table = Table::new(Arc::clone(&segment), index);
    for (id, bounds) in &tails.partitions {
        table.set_bounds(*id, *bounds);
    }
    let mut unindexed = Vec::new();
    for Known { segment, sidecar, .. } in known {
        let indexed = sidecar.is_some();
        let footer = match sidecar {
            Some(footer) => footer,
            None => repair::sealed(config, &segment, rebuild)?,
        };
        table.add_sealed(&footer, segment.len);
        if !indexed {
            unindexed.push((segment, footer));
        }
    }
    let holes = find_holes(&table, &unindexed);
    if let Some((partition, before)) = holes.first().filter(|_| !config.repair) {
        let what = format!("records of {partition:?} before {before:?} are in no segment");
        return Err(damaged(&config.dir, 0, what));
    }
    // Only now is it certain that this start will not be refused.
    let spares = stock(config, blanks, superseded, retired, table.sealed.len())?;
    let head = Head {
        segment,
        position: found.position,
        first_sequence: found.first_sequence,
        sealed: found.end == End::Sealed,
        unmarked: found.end != End::Sealed && found.last_frame.is_some_and(|(_, has_runs)| has_runs),
    };
    Ok(Recovered { tails, table, head, sequence: found.next_sequence, spares, next_segment, unindexed, holes })
}

/// Opens every segment and puts those with frames in the order of their frames; the others are blank.
fn survey(config: &EmbeddedConfig, ids: BTreeSet<u64>) -> Result<(Vec<Known>, Vec<Blank>), LogError> {
    let mut known = Vec::new();
    let mut blanks = Vec::new();
    for id in ids {
        let Some(segment) = repair::open_segment(config, id)? else { continue };
        let sidecar = match config.repair {
            true => None,
            false => segment::read_sidecar(&*config.vfs, &config.dir, &segment, false),
        };
        let first = match &sidecar {
            Some(footer) => Ok(footer.first_sequence),
            None => first_sequence(config, &segment)?,
        };
        match first {
            Ok(first_sequence) => known.push(Known { segment, first_sequence, sidecar }),
            Err(unwritten) => blanks.push((segment, unwritten)),
        }
    }
    known.sort_by_key(|known| known.first_sequence);
    if config.repair
        && let Some(newest) = known.last()
    {
        // Its presence would say that a newer segment is missing.
        let _absent = config.vfs.remove(&segment::sidecar_path(&config.dir, newest.segment.id));
    }
    Ok((known, blanks))
}

/// Removes what an earlier process did not finish and lists the others.
fn tidy(config: &EmbeddedConfig) -> Result<Files, LogError> {
    let (vfs, dir) = (&*config.vfs, config.dir.as_path());
    let names = vfs.list(dir).map_err(|error| failed("list", dir, &error))?;
    let parsed: Vec<_> = names.iter().filter_map(|name| parse_name(name).map(|(id, kind)| (name, id, kind))).collect();
    let of_kind = |wanted| parsed.iter().filter(move |(_, _, kind)| *kind == wanted).map(|(_, id, _)| *id).collect();
    let segments: BTreeSet<u64> = of_kind("log");
    let next_id = parsed.iter().map(|(_, id, _)| id + 1).max().unwrap_or(0);
    let retired = of_kind("free");
    for (name, id, kind) in parsed {
        if kind.ends_with(".new") || (kind == "idx" && !segments.contains(&id)) {
            let path = dir.join(name);
            vfs.remove(&path).map_err(|error| failed("remove", &path, &error))?;
        }
    }
    Ok(Files { segments, retired, next_id })
}

/// The sequence of the segment's first frame; without any frame, whether nothing was ever written in its place.
fn first_sequence(config: &EmbeddedConfig, segment: &Segment) -> Result<Result<u64, bool>, LogError> {
    if let Some((header, _)) = Window::new(segment).frame(HEADER_BYTES)? {
        return Ok(Ok(header.sequence));
    }
    // No good first frame: either no frame was ever durable here, or there is one behind the damage.
    let found = repair::scan(config, segment, || scan(segment, &mut |_, _| Ok(())))?;
    if let Some(first) = found.first_sequence {
        return Ok(Ok(first));
    }
    let mut page = vec![0; segment.len.saturating_sub(HEADER_BYTES).min(HEADER_BYTES) as usize];
    let read = segment.file.read_exact_at(&mut page, HEADER_BYTES);
    read.map_err(|error| failed("read", &segment.path, &error))?;
    Ok(Err(page.iter().all(|byte| *byte == 0)))
}

/// Takes out the segments that were copied before the process ended and had not lost their names yet. A copy has the
/// first sequence of its original; it was whole before it had a name, so the newest takes the place of all others.
fn take_superseded(known: &mut Vec<Known>) -> Vec<u64> {
    // By id within a sequence; the survey went by id and its sort is stable.
    let mut superseded = Vec::new();
    let mut kept: Vec<Known> = Vec::with_capacity(known.len());
    for next in std::mem::take(known) {
        if next.segment.copy
            && let Some(original) = kept.pop_if(|last| last.first_sequence == next.first_sequence)
        {
            superseded.push(original.segment.id);
        }
        kept.push(next);
    }
    *known = kept;
    superseded
}

/// Sorts what holds nothing into segments that are ready, dead ones to recycle, and what is removed (`unfit`). A blank segment
/// whose first page was written to is not ready: with repair it is moved aside, because it may be a wholly damaged one.
fn stock(
    config: &EmbeddedConfig,
    blanks: Vec<Blank>,
    mut unfit: Vec<u64>,
    retired: BTreeSet<u64>,
    living: usize,
) -> Result<Spares, LogError> {
    let (vfs, dir) = (&*config.vfs, config.dir.as_path());
    let mut ready = Vec::new();
    for (segment, unwritten) in blanks {
        if unwritten && segment.len == config.segment_bytes && ready.len() < READY_MAX {
            ready.push(segment);
        } else if config.repair && !unwritten {
            repair::set_blank_aside(config, &segment)?;
        } else {
            unfit.push(segment.id);
        }
    }
    // A torn first frame, a length of another configuration, an original: rare, and simplest gone.
    segment::retire(vfs, dir, &unfit)?.iter().for_each(|old| segment::discard(vfs, old));
    let mut dead = Vec::new();
    for id in retired {
        dead.push(segment::open_retired(vfs, segment::retired_path(dir, id))?);
    }
    let mut spares = Spares::new(ready);
    for old in dead {
        let surplus = match old.len == config.segment_bytes {
            true => spares.keep(old, Spares::pool_max(living)),
            false => Some(old),
        };
        surplus.iter().for_each(|old| segment::discard(vfs, old));
    }
    Ok(spares)
}

/// The segment of a log that has none.
fn first_segment(config: &EmbeddedConfig, spares: &mut Spares, id: u64) -> Result<Segment, LogError> {
    let (vfs, dir, salt) = (&*config.vfs, config.dir.as_path(), new_salt(&*config.random));
    match spares.take_retired() {
        Some(old) => segment::recycle(vfs, dir, old, id, salt),
        None => segment::create(vfs, dir, id, salt, config.segment_bytes),
    }
}

fn empty(segment: Segment, spares: Spares, next_segment: u64) -> Recovered {
    let segment = Arc::new(segment);
    let head = Head {
        segment: Arc::clone(&segment),
        position: HEADER_BYTES,
        first_sequence: None,
        sealed: false,
        unmarked: false,
    };
    Recovered {
        tails: Tails::default(),
        table: Table::new(segment, ActiveIndex::new()),
        head,
        sequence: 0,
        spares,
        next_segment,
        unindexed: Vec::new(),
        holes: Vec::new(),
    }
}

/// Without the newest snapshot nothing tells how far the records in copies reach: a repair would take them for dead.
fn refuse_to_forget_copies(known: &[Known], read: &[Read<'_>]) -> Result<(), LogError> {
    let copy = known.iter().find(|known| known.segment.copy);
    match (copy, read) {
        (Some(_), [(newest, ..), _, ..]) => {
            let what = "the snapshot is damaged, and copied records would be lost by a repair; export them first";
            Err(damaged(&newest.path, HEADER_BYTES, what))
        }
        _ => Ok(()),
    }
}

/// A segment that was replayed, what the scan found and its runs.
type Read<'a> = (&'a Segment, Scan, Vec<(Run, super::scan::Place)>);

/// What the newest segment says.
struct Replayed {
    tails: Tails,
    index: ActiveIndex,
    found: Scan,
}

/// Replays the newest segment; when repair cut its snapshot out, older ones before it.
fn replay(config: &EmbeddedConfig, known: &[Known]) -> Result<Replayed, LogError> {
    let mut read = Vec::new();
    for Known { segment, .. } in known.iter().rev().filter(|known| !known.segment.copy) {
        let mut runs = Vec::new();
        let found = repair::scan(config, segment, || {
            runs.clear();
            scan(segment, &mut |run, place| {
                runs.push((run, place));
                Ok(())
            })
        })?;
        let snapshot = runs.iter().any(|(run, _)| matches!(run, Run::Snapshot { .. }));
        read.push((segment, found, runs));
        if snapshot {
            break;
        }
    }
    refuse_to_forget_copies(known, &read)?;
    let holes = read.iter().any(|(_, found, _)| found.gap);
    let mut tails = Tails::default();
    let mut index = ActiveIndex::new();
    let mut newest = None;
    for (segment, found, runs) in read.into_iter().rev() {
        index.clear();
        for (run, place) in runs {
            add_posting(&mut index, &run, place);
            let wrong = |what| damaged(&segment.path, u64::from(place.position), what);
            tails.replay(&run, holes).map_err(wrong)?;
        }
        newest = Some(found);
    }
    index.retain(|partition, _| tails.partitions.contains_key(partition));
    let found = newest.expect("there is a newest segment");
    Ok(Replayed { tails, index, found })
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

/// Every record between start and end of a partition must be in a segment. Answers the partitions where that is not
/// so, and where the records behind the last hole begin.
fn find_holes(table: &Table, scanned: &[(Segment, Footer)]) -> Vec<(PartitionId, Offset)> {
    let scanned: HashMap<u64, &Footer> = scanned.iter().map(|(segment, footer)| (segment.id, footer)).collect();
    let mut holes = Vec::new();
    for (id, partition) in &table.partitions {
        let mut next = partition.bounds.start;
        let mut hole = None;
        let mut cover = |first: Offset, end: Offset| {
            if first > next {
                hole = Some(first);
            }
            next = next.max(end);
        };
        for fence in &partition.fences {
            match scanned.get(&fence.segment) {
                Some(footer) => footer.postings_of(*id).iter().for_each(|posting| cover(posting.first, posting.end())),
                None => cover(fence.first, fence.end),
            }
        }
        table.index.get(id).into_iter().flatten().for_each(|posting| cover(posting.first, posting.end()));
        if next < partition.bounds.end {
            hole = Some(partition.bounds.end);
        }
        holes.extend(hole.map(|hole| (*id, hole)));
    }
    holes.sort_unstable();
    holes
}
