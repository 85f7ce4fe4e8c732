//! Reads records: from the table to postings, from a posting to a run, from the run to records. A run is in the tail ring
//! or in a file; only the latter blocks, and there the checksum of every run is verified before a byte of it is served.
//! Nothing beyond the durable end is served from either.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use types::{Offset, PartitionId, Timestamp};

use super::cache::SealedSegment;
use super::index::{ActiveIndex, Footer, Posting};
use super::run::{Found, Records, Run, check_run};
use super::scan::{End, scan};
use super::segment::{Segment, damaged, failed, open, read_sidecar};
use super::shared::Shared;
use super::table::Place;
use crate::{Bounds, LogError, Page, StoredRecord};

/// Runs are read in one go up to this many bytes, …
const GROUP_BYTES_MAX: u64 = 1 << 20;
/// Runs that are less than this part of what is read with them are copied out of it.
const SPARSE_PART: u64 = 4;
/// … with what is between them, if it is no more than this: reading it costs less than another call.
const GAP_BYTES_MAX: u64 = 16 << 10;

/// How often in one read a segment may turn into its copy before the reader sees it.
const MOVES_MAX: usize = 8;

/// What a reader wants, as in [`crate::Log::read`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) partition: PartitionId,
    pub(crate) from: Offset,
    pub(crate) records_max: usize,
    pub(crate) bytes_max: usize,
}

/// See [`crate::Log::read`]. Blocks.
pub(crate) fn read_page(shared: &Shared, asked: Asked) -> Result<Page, LogError> {
    let bounds = readable(shared, asked.partition, asked.from)?;
    let mut filling = Filling::new(asked, bounds);
    let mut moves = 0;
    while !filling.is_full() {
        let before = filling.next;
        let runs = match sealed_or_active(shared, &filling, sealed_segment) {
            // The segment may be trimmed away between the look into the table and the read: then the bounds say so by now.
            Ok(None) => readable(shared, asked.partition, before).map(|_| None)?,
            runs => runs?,
        };
        let Some((segment, postings)) = runs else {
            // What was not trimmed was copied to another segment meanwhile, and the table knows where.
            moves += 1;
            if moves > MOVES_MAX {
                return Err(missing(asked.partition, before));
            }
            continue;
        };
        if let Err(error) = read_runs(shared, &segment, &postings, &mut filling) {
            if shared.table().holds(segment.id) {
                return Err(error);
            }
            // It died: its file may be cut or be another segment already. The table forgets a segment before its file is
            // touched, so it is asked after the read, and knows by now what became of the records.
            readable(shared, asked.partition, filling.next)?;
            continue;
        }
        if filling.next == before {
            return if filling.records.is_empty() { Err(missing(asked.partition, before)) } else { break };
        }
    }
    read_ahead(shared, &filling);
    Ok(Page { records: filling.records, bounds })
}

/// Has the system begin with what the reader asks for next, if it asks for as much again: it is read while this page is on
/// its way. What goes wrong here goes wrong again when it is asked for.
fn read_ahead(shared: &Shared, page: &Filling) {
    let asked = Asked { from: page.next, bytes_max: page.bytes, ..page.asked };
    let mut ahead = Filling { bytes: 0, records: Vec::new(), found: Vec::new(), over: false, asked, ..*page };
    while !ahead.is_full() && ahead.bytes < asked.bytes_max {
        let Ok(Some((segment, postings))) = sealed_or_active(shared, &ahead, sealed_segment) else { return };
        let Some(last) = postings.last().filter(|last| !shared.ring.has(segment.id, last)) else { return };
        announce(&segment, &postings);
        ahead.bytes += postings.iter().map(|posting| posting.length as usize).sum::<usize>();
        ahead.next = last.end();
    }
}

/// As [`read_page`] if that needs no file: at the end of the partition, and in the tail ring. Does not block.
pub(crate) fn read_tail(shared: &Shared, asked: Asked) -> Option<Result<Page, LogError>> {
    let bounds = match readable(shared, asked.partition, asked.from) {
        Ok(bounds) => bounds,
        Err(error) => return Some(Err(error)),
    };
    let mut filling = Filling::new(asked, bounds);
    while !filling.is_full() {
        let before = filling.next;
        let cached = |shared: &Shared, id| Ok(shared.cache.get(id));
        let (segment, postings) = sealed_or_active(shared, &filling, cached).ok()??;
        tail_runs(shared, &segment, &postings, &mut filling).ok()?;
        if filling.next == before {
            return None;
        }
    }
    Some(Ok(Page { records: filling.records, bounds }))
}

/// A page in the making.
struct Filling {
    asked: Asked,
    records: Vec<StoredRecord>,
    /// The next record.
    next: Offset,
    /// The durable end.
    end: Offset,
    /// Keys and values so far.
    bytes: usize,
    /// Whether the next record did not fit.
    over: bool,
    /// Those of one run; kept for its memory.
    found: Vec<Found>,
}

impl Filling {
    fn new(asked: Asked, bounds: Bounds) -> Self {
        let (next, end) = (asked.from, bounds.end);
        Self { asked, records: Vec::new(), next, end, bytes: 0, over: false, found: Vec::new() }
    }

    fn is_full(&self) -> bool {
        self.over || self.next >= self.end || self.records.len() >= self.asked.records_max
    }

    /// As many of `postings` as the page may need, from the next record on.
    fn wanted(&self, postings: &[Posting]) -> Vec<Posting> {
        let postings = &postings[postings.partition_point(|posting| posting.end() <= self.next)..];
        let mut records = (self.asked.records_max - self.records.len()) as u64;
        let mut bytes = (self.asked.bytes_max.saturating_sub(self.bytes)) as u64;
        let mut wanted = Vec::new();
        for posting in postings {
            wanted.push(*posting);
            let skipped = self.next.0.saturating_sub(posting.first.0);
            records = records.saturating_sub(u64::from(posting.count) - skipped);
            // The first run may begin with records that are not asked for.
            bytes = bytes.saturating_sub(if skipped == 0 { u64::from(posting.length) } else { 0 });
            if records == 0 || bytes == 0 {
                break;
            }
        }
        wanted
    }

    /// Takes what is asked for from the run of `posting`; `hold` makes a part of it last.
    fn take(
        &mut self,
        run: &[u8],
        posting: &Posting,
        hold: impl FnOnce(usize, usize) -> Bytes,
    ) -> Result<(), &'static str> {
        let records = Records::of(run, self.asked.partition)?;
        if records.first != posting.first || records.count != posting.count {
            return Err("other records stand here");
        }
        self.found.clear();
        let mut left = self.asked.records_max - self.records.len();
        for found in records {
            let found = found?;
            if found.offset < self.next {
                continue;
            }
            let bytes = self.bytes.saturating_add(found.key.len() + found.value.len());
            let is_first = self.records.is_empty() && self.found.is_empty();
            self.over = !is_first && bytes > self.asked.bytes_max;
            if self.over || left == 0 || found.offset != self.next || self.next >= self.end {
                break;
            }
            left -= 1;
            self.bytes = bytes;
            self.next = self.next.next();
            self.found.push(found);
        }
        let (Some(first), Some(last)) = (self.found.first(), self.found.last()) else { return Ok(()) };
        let start = first.key.start;
        let held = hold(start, last.value.end);
        self.records.extend(self.found.iter().map(|found| StoredRecord {
            offset: found.offset,
            time: found.time,
            key: held.slice(found.key.start - start..found.key.end - start),
            value: held.slice(found.value.start - start..found.value.end - start),
        }));
        Ok(())
    }
}

/// The segment of the next record, and the postings from there on that the page may need. `None` when there is none or
/// the segment is gone.
fn sealed_or_active(
    shared: &Shared,
    filling: &Filling,
    sealed: impl FnOnce(&Shared, u64) -> Result<Option<Arc<SealedSegment>>, LogError>,
) -> Result<Option<(Segment, Vec<Posting>)>, LogError> {
    let partition = filling.asked.partition;
    let table = shared.table();
    match table.place(partition, filling.next) {
        None => Ok(None),
        Some(Place::Active(segment, _)) => {
            let wanted = filling.wanted(table.active_from(partition, filling.next));
            Ok(Some(((*segment).clone(), wanted)))
        }
        Some(Place::Sealed(id)) => {
            drop(table);
            let Some(sealed) = sealed(shared, id)? else { return Ok(None) };
            let wanted = filling.wanted(sealed.footer.postings_of(partition));
            Ok(Some((sealed.segment.clone(), wanted)))
        }
    }
}

/// Takes the runs from the tail ring, as far as they are there.
fn tail_runs(shared: &Shared, segment: &Segment, postings: &[Posting], filling: &mut Filling) -> Result<(), LogError> {
    for (run, posting) in shared.ring.runs(segment.id, postings).iter().zip(postings) {
        let taken = filling.take(run.bytes(), posting, |start, end| run.hold(start, end));
        taken.map_err(|what| damaged(&segment.path, u64::from(posting.position), what))?;
        if filling.is_full() {
            break;
        }
    }
    Ok(())
}

/// Takes the runs from the file up to the first that the tail ring has, and from there on from the ring.
fn read_runs(shared: &Shared, segment: &Segment, postings: &[Posting], filling: &mut Filling) -> Result<(), LogError> {
    let in_ring = postings.iter().position(|posting| shared.ring.has(segment.id, posting));
    let (cold, tail) = postings.split_at(in_ring.unwrap_or(postings.len()));
    let mut groups = groups(cold).peekable();
    let mut announced = cold.len() < 2;
    while let Some(group) = groups.next() {
        if !announced && groups.peek().is_some() {
            announce(segment, cold);
        }
        announced = true;
        read_group(segment, group, filling)?;
        if filling.is_full() {
            return Ok(());
        }
    }
    let before = filling.next;
    tail_runs(shared, segment, tail, filling)?;
    // The ring may have let go of it since it was asked: then the file has it.
    if cold.is_empty()
        && filling.next == before
        && let Some(group) = self::groups(tail).next()
    {
        read_group(segment, group, filling)?;
    }
    Ok(())
}

/// Has the system begin with all of it, so that the disk is not asked for one run at a time.
fn announce(segment: &Segment, postings: &[Posting]) {
    for group in groups(postings) {
        let (start, end) = extent(group);
        segment.file.will_read(start, end - start);
    }
}

/// Where the postings begin and end in their segment; there is one at least.
fn extent(group: &[Posting]) -> (u64, u64) {
    let start = group.first().map_or(0, |posting| u64::from(posting.position));
    let end = group.last().map_or(start, |posting| u64::from(posting.position) + u64::from(posting.length));
    (start, end.max(start))
}

/// Neighbouring runs that are read in one go.
fn groups(mut postings: &[Posting]) -> impl Iterator<Item = &[Posting]> {
    std::iter::from_fn(move || {
        let start = u64::from(postings.first()?.position);
        let joins = |pair: &&[Posting]| {
            let end = u64::from(pair[0].position) + u64::from(pair[0].length);
            let next = u64::from(pair[1].position);
            let whole = next + u64::from(pair[1].length) - start.min(next);
            next >= end && next - end <= GAP_BYTES_MAX && whole <= GROUP_BYTES_MAX
        };
        let joined = 1 + postings.windows(2).take_while(joins).count();
        let (group, rest) = postings.split_at(joined);
        postings = rest;
        Some(group)
    })
}

fn read_group(segment: &Segment, group: &[Posting], filling: &mut Filling) -> Result<(), LogError> {
    let (start, end) = extent(group);
    let bytes = read_bytes(segment, start, (end - start) as usize)?;
    let wanted: u64 = group.iter().map(|posting| u64::from(posting.length)).sum();
    // Slices keep all that was read in memory, what stands between the runs included.
    let is_sparse = wanted < (end - start) / SPARSE_PART;
    for posting in group {
        let at = (u64::from(posting.position) - start) as usize;
        let run = &bytes[at..at + posting.length as usize];
        let hold = |start: usize, end: usize| match is_sparse {
            true => Bytes::copy_from_slice(&run[start..end]),
            false => bytes.slice(at + start..at + end),
        };
        let taken = check_run(run, segment.salt).and_then(|()| filling.take(run, posting, hold));
        taken.map_err(|what| damaged(&segment.path, u64::from(posting.position), what))?;
        if filling.is_full() {
            break;
        }
    }
    Ok(())
}

fn read_bytes(segment: &Segment, position: u64, len: usize) -> Result<Bytes, LogError> {
    let mut bytes = vec![0; len];
    segment.file.read_exact_at(&mut bytes, position).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(&segment.path, position, "the segment ends before its records"),
        _ => failed("read", &segment.path, &error),
    })?;
    Ok(Bytes::from(bytes))
}

/// See [`crate::Log::offset_at_time`].
pub(crate) fn offset_at_time(shared: &Shared, partition: PartitionId, time: Timestamp) -> Result<Offset, LogError> {
    for _move in 0..=MOVES_MAX {
        let (bounds, place) = {
            let table = shared.table();
            let bounds = table.bounds(partition).ok_or(LogError::NoPartition(partition))?;
            (bounds, table.place_at_time(partition, time))
        };
        let (segment, posting) = match place {
            None => return Ok(bounds.end),
            Some(Place::Active(segment, posting)) => ((*segment).clone(), Some(posting)),
            Some(Place::Sealed(id)) => {
                let Some(sealed) = sealed_segment(shared, id)? else { continue };
                let postings = sealed.footer.postings_of(partition);
                let posting = postings.get(postings.partition_point(|posting| posting.last_time < time));
                (sealed.segment.clone(), posting.copied())
            }
        };
        let Some(posting) = posting else { continue };
        match first_at_time(&segment, &posting, partition, time) {
            Ok(first) => return Ok(first.unwrap_or(bounds.end).max(bounds.start)),
            Err(error) if shared.table().holds(segment.id) => return Err(error),
            // The segment went away under the search: it was copied, or everything in it was trimmed.
            Err(_) => {}
        }
    }
    Ok(shared.table().bounds(partition).ok_or(LogError::NoPartition(partition))?.start)
}

/// The first record of the run with `time` or later.
fn first_at_time(
    segment: &Segment,
    posting: &Posting,
    partition: PartitionId,
    time: Timestamp,
) -> Result<Option<Offset>, LogError> {
    let wrong = |what| damaged(&segment.path, u64::from(posting.position), what);
    let run = read_bytes(segment, u64::from(posting.position), posting.length as usize)?;
    check_run(&run, segment.salt).map_err(wrong)?;
    for found in Records::of(&run, partition).map_err(wrong)? {
        let found = found.map_err(wrong)?;
        if found.time >= time {
            return Ok(Some(found.offset));
        }
    }
    Ok(None)
}

/// The bounds, if `from` can be read.
fn readable(shared: &Shared, partition: PartitionId, from: Offset) -> Result<Bounds, LogError> {
    let bounds = shared.table().bounds(partition).ok_or(LogError::NoPartition(partition))?;
    if from < bounds.start {
        return Err(LogError::Trimmed { partition, offset: from, start: bounds.start });
    }
    Ok(bounds)
}

fn missing(partition: PartitionId, offset: Offset) -> LogError {
    damaged(Path::new("log"), 0, format!("record {offset:?} of {partition:?} is in no segment"))
}

/// The segment with its index, from the cache or the files; `None` when it was removed.
pub(crate) fn sealed_segment(shared: &Shared, id: u64) -> Result<Option<Arc<SealedSegment>>, LogError> {
    if let Some(sealed) = shared.cache.get(id) {
        return Ok(Some(sealed));
    }
    let (vfs, dir) = (&*shared.config.vfs, &shared.config.dir);
    let loaded = open(vfs, dir, id).and_then(|segment| {
        let footer = match read_sidecar(vfs, dir, &segment, true) {
            Some(footer) => footer,
            None => rebuild(&segment)?,
        };
        Ok(SealedSegment { segment, footer: Arc::new(footer) })
    });
    let alive = shared.table().sealed.contains_key(&id);
    match loaded {
        _ if !alive => Ok(None),
        Ok(sealed) => {
            let sealed = Arc::new(sealed);
            shared.cache.insert(Arc::clone(&sealed));
            Ok(Some(sealed))
        }
        Err(error) => Err(error),
    }
}

/// The index of a sealed segment, from its frames.
pub(crate) fn rebuild(segment: &Segment) -> Result<Footer, LogError> {
    let mut index = ActiveIndex::new();
    let found = scan(segment, &mut |run, place| {
        add_posting(&mut index, &run, place);
        Ok(())
    })?;
    match (found.end, found.first_sequence) {
        (End::Sealed, Some(first)) => Ok(Footer::new(segment.id, segment.salt, (first, found.next_sequence), index)),
        _ => Err(damaged(&segment.path, found.position, "a sealed segment ends without its seal")),
    }
}

/// Notes where the records of a run stand.
pub(crate) fn add_posting(index: &mut ActiveIndex, run: &Run, place: super::scan::Place) {
    if let Run::Records { partition, first, count, last_time, .. } = run
        && *count > 0
    {
        index.entry(*partition).or_default().push(Posting {
            first: *first,
            last_time: *last_time,
            count: *count,
            position: place.position,
            length: place.length,
        });
    }
}
