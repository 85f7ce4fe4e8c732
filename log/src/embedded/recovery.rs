//! From the files of a folder to the state of a log.
//!
//! Sealed segments are taken by their sidecars, or by a scan where one is missing or damaged; the newest segment of each
//! lane is always read (`replay.rs`). What cannot be explained by the loss of the last, unacknowledged write is
//! [`LogError::Corrupt`]; with `repair` it is moved aside first (`repair.rs`).
//!
//! Owns: which file is what, in which order they come, and what is left over. Read next: `replay.rs`.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use types::{Offset, PartitionId};

use super::EmbeddedConfig;
use super::committer::Start;
use super::format::{HEADER_BYTES, SegmentHeader};
use super::head::Head;
use super::index::Footer;
use super::placement::Placement;
use super::reader::rebuild;
use super::repair;
use super::replay::{self, Outcome, Replayed};
use super::scan::{End, Window, scan};
use super::segment::{self, Segment, damaged, failed, new_salt, parse_name};
use super::spares::{READY_MAX, Spares};
use super::table::{Active, Table};
use crate::{Lane, LogError};

/// A start reads the ends of the lanes so many times at most: a commit that is not whole is taken back once, and a repair
/// says once that one is missing.
const READS_MAX: usize = 3;

/// What recovery hands to the threads.
pub(crate) struct Recovered {
    pub(crate) start: Start,
    pub(crate) table: Table,
    pub(crate) spares: Spares,
    pub(crate) next_segment: u64,
    /// Sealed segments whose sidecar has to be written.
    pub(crate) unindexed: Vec<Footer>,
    /// Where partitions must start after repair cut records out.
    pub(crate) holes: Vec<(PartitionId, Offset)>,
}

/// A segment with frames and what is known of it. It is not held open: there may be more of them than a process may have
/// files.
pub(super) struct Known {
    id: u64,
    lane: Lane,
    len: u64,
    /// See [`SegmentHeader::copy`].
    pub(super) copy: bool,
    pub(super) first_sequence: u64,
    sidecar: Option<Footer>,
}

impl Known {
    pub(super) fn open(&self, config: &EmbeddedConfig) -> Result<Segment, LogError> {
        segment::open(&*config.vfs, &config.dir, self.id)
    }
}

/// The segments of one lane, in order.
pub(super) type Chain = Vec<Known>;

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

/// What the segments are.
struct Survey {
    /// By lane.
    chains: [Chain; Lane::ALL.len()],
    blanks: Vec<Blank>,
    /// Originals of copies.
    superseded: Vec<u64>,
}

/// Reads the folder; on return everything that is in the state is durable.
pub(crate) fn recover(config: &EmbeddedConfig) -> Result<Recovered, LogError> {
    for _read in 0..READS_MAX {
        let files = tidy(config)?;
        // A process that was killed between a rename and the sync of the folder left a name that only its system knows.
        config.vfs.sync_dir(&config.dir).map_err(|error| failed("sync folder", &config.dir, &error))?;
        let survey = survey(config, &files.segments)?;
        if let Outcome::Whole(replayed) = replay::replay(config, &survey.chains)? {
            return finish(config, files, survey, *replayed);
        }
    }
    Err(damaged(&config.dir, 0, "commits are missing, and more of them each time one is taken back"))
}

/// From what the segments say to a log that can go on.
fn finish(config: &EmbeddedConfig, files: Files, survey: Survey, replayed: Replayed) -> Result<Recovered, LogError> {
    let Replayed { tails, ends, sequence, unmarked } = replayed;
    let mut heads = Lane::ALL.map(|_| None);
    let mut actives = Lane::ALL.map(|_| None);
    for (head, index) in ends {
        let lane = head.segment.lane as usize;
        actives[lane] = Some(Active::new(Arc::clone(&head.segment), index));
        heads[lane] = Some(head);
    }
    let mut table = Table::new(actives);
    tails.partitions.iter().for_each(|(id, bounds)| table.set_bounds(*id, *bounds));
    let unindexed = add_sealed(config, &mut table, survey.chains)?;
    let holes = find_holes(&table, &unindexed);
    if let Some((partition, before)) = holes.first().filter(|_| !config.repair) {
        let what = format!("records of {partition:?} before {before:?} are in no segment");
        return Err(damaged(&config.dir, 0, what));
    }
    // Only now is it certain that this start will not be refused.
    let Files { retired, next_id: mut next_segment, .. } = files;
    let mut spares = stock(config, survey.blanks, survey.superseded, retired, table.sealed.len())?;
    if heads[Lane::Day as usize].is_none() {
        let segment = match spares.take(Lane::Day, config.segment_bytes) {
            Some(segment) => segment,
            None => {
                next_segment += 1;
                first_segment(config, &mut spares, next_segment - 1)?
            }
        };
        let head = Head::new(segment, None);
        table.go_on(&head.segment);
        heads[Lane::Day as usize] = Some(head);
    }
    let placed = tails.partitions.keys().filter_map(|id| table.lane_of_tail(*id).map(|lane| (*id, lane)));
    let placement = Placement::new(placed);
    let start = Start { tails, placement, heads, sequence, unmarked };
    Ok(Recovered { start, table, spares, next_segment, unindexed, holes })
}

/// Takes the segments but the last of each lane into the table, and answers those without a sidecar.
fn add_sealed(
    config: &EmbeddedConfig,
    table: &mut Table,
    chains: [Chain; Lane::ALL.len()],
) -> Result<Vec<Footer>, LogError> {
    let mut unindexed = Vec::new();
    for mut chain in chains {
        chain.pop();
        for known in chain {
            if let Some(footer) = &known.sidecar {
                table.add_sealed(footer, known.lane, known.len);
                continue;
            }
            let segment = known.open(config)?;
            let footer = repair::sealed(config, &segment, rebuild)?;
            table.add_sealed(&footer, segment.lane, segment.len);
            unindexed.push(footer);
        }
    }
    Ok(unindexed)
}

/// Opens every segment and puts those with frames in the order of their frames; the others are blank.
fn survey(config: &EmbeddedConfig, ids: &BTreeSet<u64>) -> Result<Survey, LogError> {
    let mut survey = Survey { chains: Lane::ALL.map(|_| Vec::new()), blanks: Vec::new(), superseded: Vec::new() };
    for id in ids {
        let Some(segment) = repair::open_segment(config, *id)? else { continue };
        let sidecar = match config.repair {
            true => None,
            false => segment::read_sidecar(&*config.vfs, &config.dir, &segment, false),
        };
        let first = match &sidecar {
            Some(footer) => Ok(footer.first_sequence),
            None => first_sequence(config, &segment)?,
        };
        let Segment { id, lane, copy, len, .. } = segment;
        match first {
            Ok(first_sequence) => {
                survey.chains[lane as usize].push(Known { id, lane, len, copy, first_sequence, sidecar });
            }
            Err(unwritten) => survey.blanks.push((segment, unwritten)),
        }
    }
    for chain in &mut survey.chains {
        chain.sort_by_key(|known| known.first_sequence);
        survey.superseded.extend(take_superseded(config, chain)?);
        let Some(newest) = chain.last() else { continue };
        if newest.sidecar.is_some() || newest.copy {
            let what =
                "the segment is sealed and indexed, but the one that followed it is missing or has no good frame";
            return Err(damaged(&segment::segment_path(&config.dir, newest.id), 0, what));
        }
        if config.repair {
            // Its presence would say that a newer segment is missing.
            let _absent = config.vfs.remove(&segment::sidecar_path(&config.dir, newest.id));
        }
    }
    Ok(survey)
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

/// Whether every frame is good up to the seal, and none was cut out.
fn is_whole(segment: &Segment) -> Result<bool, LogError> {
    let found = scan(segment, &mut |_, _| Ok(()))?;
    Ok(found.end == End::Sealed && !found.gap)
}

/// Takes out the segments of a chain that were copied before the process ended and had not lost their names yet. A copy has
/// the first sequence of its original; it was whole before it had a name, so the newest takes the place of all others.
///
/// A repair asks it first whether it is still whole; if not, the original is as good as it was.
fn take_superseded(config: &EmbeddedConfig, chain: &mut Chain) -> Result<Vec<u64>, LogError> {
    // By id within a sequence; the survey went by id and its sort is stable.
    let mut superseded = Vec::new();
    let mut kept: Chain = Vec::with_capacity(chain.len());
    for next in std::mem::take(chain) {
        let has_original = next.copy && kept.last().is_some_and(|last| last.first_sequence == next.first_sequence);
        if has_original && config.repair && !is_whole(&next.open(config)?)? {
            superseded.push(next.id);
            continue;
        }
        superseded.extend(kept.pop_if(|_| has_original).map(|original| original.id));
        kept.push(next);
    }
    *chain = kept;
    Ok(superseded)
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
    let mut spares = Spares::default();
    for (segment, unwritten) in blanks {
        if unwritten && segment.len == config.segment_bytes && spares.ready(segment.lane) < READY_MAX {
            spares.put(segment);
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
    for old in dead {
        let surplus = match old.len == config.segment_bytes {
            true => spares.keep(old, Spares::pool_max(living)),
            false => Some(old),
        };
        surplus.iter().for_each(|old| segment::discard(vfs, old));
    }
    Ok(spares)
}

/// The segment of a log without any.
fn first_segment(config: &EmbeddedConfig, spares: &mut Spares, id: u64) -> Result<Segment, LogError> {
    let (vfs, dir) = (&*config.vfs, config.dir.as_path());
    let header = SegmentHeader { id, salt: new_salt(&*config.random), lane: Lane::Day, copy: false };
    match spares.take_retired() {
        Some(old) => segment::recycle(vfs, dir, old, header),
        None => segment::create(vfs, dir, header, config.segment_bytes),
    }
}

/// Every record between start and end of a partition must be in a segment. Answers the partitions where that is not
/// so, and where the records behind the last hole begin.
fn find_holes(table: &Table, scanned: &[Footer]) -> Vec<(PartitionId, Offset)> {
    let scanned: HashMap<u64, &Footer> = scanned.iter().map(|footer| (footer.segment, footer)).collect();
    let mut holes = Vec::new();
    let mut there: Vec<(Offset, Offset)> = Vec::new();
    for (id, partition) in &table.partitions {
        there.clear();
        for fence in &partition.fences {
            match scanned.get(&fence.segment) {
                Some(footer) => {
                    there.extend(footer.postings_of(*id).iter().map(|posting| (posting.first, posting.end())))
                }
                None => there.push((fence.first, fence.end)),
            }
        }
        let active = table.actives().filter_map(|active| active.index.get(id)).flatten();
        there.extend(active.map(|posting| (posting.first, posting.end())));
        // Those of several lanes.
        there.sort_unstable();
        let mut next = partition.bounds.start;
        let mut hole = None;
        for (first, end) in &there {
            if *first > next {
                hole = Some(*first);
            }
            next = next.max(*end);
        }
        if next < partition.bounds.end {
            hole = Some(partition.bounds.end);
        }
        holes.extend(hole.map(|hole| (*id, hole)));
    }
    holes.sort_unstable();
    holes
}
