//! Reads records: from the table to a posting, from the posting to a run, from the run to records. Blocking; the
//! checksum of every run is verified before a byte of it is served, and nothing beyond the durable end is.

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use types::{Offset, PartitionId, Timestamp};

use super::cache::SealedSegment;
use super::index::{ActiveIndex, Footer, Posting};
use super::run::{Run, records};
use super::scan::{End, scan};
use super::segment::{Segment, damaged, failed, open, read_sidecar};
use super::shared::Shared;
use super::table::Place;
use crate::{Bounds, LogError, Page, StoredRecord};

/// How often in one read a segment may turn into its copy before the reader sees it.
const MOVES_MAX: usize = 8;

/// See [`crate::Log::read`].
pub(crate) fn read_page(
    shared: &Shared,
    partition: PartitionId,
    from: Offset,
    records_max: usize,
    bytes_max: usize,
) -> Result<Page, LogError> {
    let bounds = readable(shared, partition, from)?;
    let mut page = Page { records: Vec::new(), bounds };
    let mut next = from;
    let mut bytes = 0_usize;
    let mut moves = 0;
    while next < bounds.end && page.records.len() < records_max {
        let place = shared.table().place(partition, next);
        let run = run_at(shared, partition, place, |postings| postings.partition_point(|p| p.end() <= next));
        let Some(run) = checked(shared, partition, next, run)? else {
            // What was not trimmed was copied to another segment meanwhile, and the table knows where.
            moves += 1;
            if moves > MOVES_MAX {
                return Err(missing(partition, next));
            }
            continue;
        };
        let before = next;
        for record in run.into_iter().skip_while(|record| record.offset < before) {
            bytes = bytes.saturating_add(record.key.len() + record.value.len());
            let full = page.records.len() >= records_max || (!page.records.is_empty() && bytes > bytes_max);
            if full || record.offset != next || next >= bounds.end {
                break;
            }
            next = next.next();
            page.records.push(record);
        }
        if next == before && page.records.is_empty() {
            return Err(missing(partition, next));
        }
        if next == before || bytes > bytes_max {
            break;
        }
    }
    Ok(page)
}

/// See [`crate::Log::offset_at_time`].
pub(crate) fn offset_at_time(shared: &Shared, partition: PartitionId, time: Timestamp) -> Result<Offset, LogError> {
    for _move in 0..=MOVES_MAX {
        let (bounds, place) = {
            let table = shared.table();
            let bounds = table.bounds(partition).ok_or(LogError::NoPartition(partition))?;
            (bounds, table.place_at_time(partition, time))
        };
        if place.is_none() {
            return Ok(bounds.end);
        }
        let run = run_at(shared, partition, place, |postings| postings.partition_point(|p| p.last_time < time));
        if let Some(run) = run? {
            let first = run.iter().find(|record| record.time >= time).map_or(bounds.end, |record| record.offset);
            return Ok(first.max(bounds.start));
        }
        // The segment went away under the search: it was copied, or everything in it was trimmed.
    }
    Ok(shared.table().bounds(partition).ok_or(LogError::NoPartition(partition))?.start)
}

/// The bounds, if `from` can be read.
pub(crate) fn readable(shared: &Shared, partition: PartitionId, from: Offset) -> Result<Bounds, LogError> {
    let bounds = shared.table().bounds(partition).ok_or(LogError::NoPartition(partition))?;
    if from < bounds.start {
        return Err(LogError::Trimmed { partition, offset: from, start: bounds.start });
    }
    Ok(bounds)
}

/// A segment may be trimmed away between the look into the table and the read: then the bounds say so by now.
fn checked<T>(
    shared: &Shared,
    partition: PartitionId,
    from: Offset,
    run: Result<Option<T>, LogError>,
) -> Result<Option<T>, LogError> {
    if matches!(run, Ok(None)) {
        readable(shared, partition, from)?;
    }
    run
}

fn missing(partition: PartitionId, offset: Offset) -> LogError {
    damaged(Path::new("log"), 0, format!("record {offset:?} of {partition:?} is in no segment"))
}

/// The records of the run that `choose` picks among the postings of a sealed segment, or of the posting in `place`.
/// `None` when there is none or its segment is gone.
fn run_at(
    shared: &Shared,
    partition: PartitionId,
    place: Option<Place>,
    choose: impl Fn(&[Posting]) -> usize,
) -> Result<Option<Vec<StoredRecord>>, LogError> {
    match place {
        None => Ok(None),
        Some(Place::Active(segment, posting)) => read_live_run(shared, &segment, partition, posting),
        Some(Place::Sealed(id)) => {
            let Some(sealed) = sealed_segment(shared, id)? else { return Ok(None) };
            let postings = sealed.footer.postings_of(partition);
            let Some(posting) = postings.get(choose(postings)) else { return Ok(None) };
            read_live_run(shared, &sealed.segment, partition, *posting)
        }
    }
}

/// The records of a run, or `None` when its segment died: its file may be cut or be another segment already. The table
/// forgets a segment before its file is touched, so it is asked after the read.
fn read_live_run(
    shared: &Shared,
    segment: &Segment,
    partition: PartitionId,
    posting: Posting,
) -> Result<Option<Vec<StoredRecord>>, LogError> {
    match read_run(segment, partition, posting) {
        Err(_) if !shared.table().holds(segment.id) => Ok(None),
        read => read.map(Some),
    }
}

fn read_run(segment: &Segment, partition: PartitionId, posting: Posting) -> Result<Vec<StoredRecord>, LogError> {
    let mut bytes = vec![0; posting.length as usize];
    let position = u64::from(posting.position);
    segment.file.read_exact_at(&mut bytes, position).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(&segment.path, position, "the segment ends before its records"),
        _ => failed("read", &segment.path, &error),
    })?;
    let wrong = |what| damaged(&segment.path, position, what);
    let records = records(&Bytes::from(bytes), segment.salt, partition).map_err(wrong)?;
    let first = records.first().map(|record| record.offset);
    if first != Some(posting.first) || records.len() != posting.count as usize {
        return Err(wrong("other records stand here"));
    }
    Ok(records)
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
        Ok(SealedSegment { segment, footer })
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
