//! What a repair would do, and the records that it would leave unreadable, so that they can be written elsewhere first.
//!
//! Owns: comparing what good frames hold with what a repaired log would serve. Refuses: to change the folder; the repair
//! is run on [`OverlayVfs`](crate::vfs::OverlayVfs). The repair itself is `repair.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use types::{Offset, PartitionId};

use super::EmbeddedConfig;
use super::format::HEADER_BYTES;
use super::recovery::{Recovered, recover};
use super::run::{Found, Records, Run, check_run};
use super::scan::{Place, Window, scan};
use super::segment::{self, QUARANTINE, Segment, failed, parse_name};
use super::verify::Offline;
use crate::{LogError, StoredRecord};

/// Records `first..end` of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Whose.
    pub partition: PartitionId,
    /// The first one.
    pub first: Offset,
    /// One past the last one.
    pub end: Offset,
}

/// What a repair would do.
#[derive(Default)]
pub struct Plan {
    /// Files that would be in `quarantine/` afterwards, and their lengths.
    pub moved: Vec<(String, u64)>,
    /// Records that are in no good frame.
    pub lost: Vec<Stretch>,
    /// Good records that readers could no longer reach, because they stand before lost ones of their partition.
    pub aside: Vec<Stretch>,
    /// Why there can be no repair; good records can be exported all the same.
    pub refusal: Option<LogError>,
    /// The folder as the repair would leave it.
    config: Option<EmbeddedConfig>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { moved, lost, aside, refusal, config: _ } = self;
        let mut plan = f.debug_struct("Plan");
        plan.field("moved", moved).field("lost", lost).field("aside", aside).field("refusal", refusal);
        plan.finish_non_exhaustive()
    }
}

/// Which records [`Plan::export`] is to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Every good one that was not trimmed.
    All,
    /// Those of [`Plan::aside`].
    Aside,
}

impl Plan {
    pub(crate) fn make(offline: &Offline) -> Result<Self, LogError> {
        let (config, vfs) = offline.overlay(true);
        let Recovered { start: found, holes, .. } = match recover(&config) {
            Ok(recovered) => recovered,
            Err(error) => return Ok(Self { refusal: Some(error), config: Some(config), ..Self::default() }),
        };
        let mut plan = Self { moved: vfs.made_in(&offline.dir().join(QUARANTINE)), ..Self::default() };
        let mut starts: BTreeMap<PartitionId, Offset> =
            found.tails.partitions.iter().map(|(id, bounds)| (*id, bounds.start)).collect();
        starts.extend(holes);
        for (partition, good) in walk(&config, &mut |_, _| Ok(()))? {
            let Some(bounds) = found.tails.partitions.get(&partition) else { continue };
            let stretch = |first: u64, end: u64| Stretch { partition, first: Offset(first), end: Offset(end) };
            let start = starts.get(&partition).map_or(0, |start| start.0);
            let mut next = good.start;
            for (first, end) in good.ranges.iter().copied().filter(|(_, end)| *end > good.start) {
                if first > next {
                    plan.lost.push(stretch(next, first));
                }
                if first.max(good.start) < start {
                    plan.aside.push(stretch(first.max(good.start), end.min(start)));
                }
                next = next.max(end);
            }
            if next < bounds.end.0 {
                plan.lost.push(stretch(next, bounds.end.0));
            }
        }
        plan.config = Some(config);
        Ok(plan)
    }

    /// Whether there is nothing to repair.
    pub fn is_empty(&self) -> bool {
        self.moved.is_empty() && self.lost.is_empty() && self.aside.is_empty()
    }

    /// Gives good records to `sink`, those of a partition in order but for one that changed its lane: its records come in
    /// pieces. Answers how many.
    ///
    /// # Errors
    /// `Io` when a file cannot be read, and what `sink` answers.
    pub fn export(
        &self,
        which: Which,
        sink: &mut dyn FnMut(PartitionId, &StoredRecord) -> Result<(), LogError>,
    ) -> Result<u64, LogError> {
        let Some(config) = &self.config else { return Ok(0) };
        let starts = walk(config, &mut |_, _| Ok(()))?;
        let mut count = 0;
        let wanted = |partition: PartitionId, offset: Offset| match which {
            Which::All => starts.get(&partition).is_some_and(|good| offset.0 >= good.start),
            Which::Aside => {
                let after = self.aside.partition_point(|s| (s.partition, s.end) <= (partition, offset));
                self.aside.get(after).is_some_and(|s| s.partition == partition && s.first <= offset)
            }
        };
        walk(config, &mut |segment, (partition, place)| {
            for record in read(segment, partition, place)? {
                if wanted(partition, record.offset) {
                    sink(partition, &record)?;
                    count += 1;
                }
            }
            Ok(())
        })?;
        Ok(count)
    }
}

/// The records of a run in a good frame.
fn read(segment: &Segment, partition: PartitionId, place: Place) -> Result<Vec<StoredRecord>, LogError> {
    let mut bytes = vec![0; place.length as usize];
    let position = u64::from(place.position);
    segment.file.read_exact_at(&mut bytes, position).map_err(|error| failed("read", &segment.path, &error))?;
    let run = Bytes::from(bytes);
    let stored = |found: Found| StoredRecord {
        offset: found.offset,
        time: found.time,
        key: run.slice(found.key),
        value: run.slice(found.value),
    };
    check_run(&run, segment.salt)
        .and_then(|()| Records::of(&run, partition)?.map(|found| found.map(stored)).collect())
        .map_err(|what| segment::damaged(&segment.path, position, what))
}

/// What good frames hold of one partition.
#[derive(Debug, Default)]
struct Good {
    /// What was trimmed, as far as good frames tell.
    start: u64,
    /// In order, neighbours joined.
    ranges: Vec<(u64, u64)>,
}

/// What good frames say, in whatever order they come: the lanes are walked one behind the other.
#[derive(Default)]
struct Walked {
    partitions: BTreeMap<PartitionId, Good>,
    dropped: BTreeSet<PartitionId>,
}

type OnRecords<'a> = &'a mut dyn FnMut(&Segment, (PartitionId, Place)) -> Result<(), LogError>;

/// Goes through the good frames of all segments, and answers what they hold of partitions that were not dropped.
fn walk(config: &EmbeddedConfig, on_records: OnRecords<'_>) -> Result<BTreeMap<PartitionId, Good>, LogError> {
    let names = config.vfs.list(&config.dir).map_err(|error| failed("list", &config.dir, &error))?;
    let mut segments = Vec::new();
    for (id, _) in names.iter().filter_map(|name| parse_name(name)).filter(|(_, kind)| *kind == "log") {
        let Ok(segment) = segment::open(&*config.vfs, &config.dir, id) else { continue };
        if let Some((header, _)) = Window::new(&segment).frame(HEADER_BYTES)? {
            segments.push((header.sequence, segment));
        }
    }
    segments.sort_by_key(|(sequence, _)| *sequence);
    let mut walked = Walked::default();
    for (_, segment) in segments {
        let mut failure = None;
        scan(&segment, &mut |run, place| {
            walked.take(&run);
            if let Run::Records { partition, count, .. } = run
                && count > 0
                && failure.is_none()
            {
                failure = on_records(&segment, (partition, place)).err();
            }
            Ok(())
        })?;
        failure.map_or(Ok(()), Err)?;
    }
    Ok(walked.end())
}

impl Walked {
    fn take(&mut self, run: &Run) {
        match run {
            Run::Snapshot { partitions, dropped } => {
                for (id, bounds) in partitions {
                    let good = self.partitions.entry(*id).or_default();
                    good.start = good.start.max(bounds.start.0);
                }
                self.dropped.extend(dropped);
            }
            Run::Records { partition, first, count, .. } => {
                let end = first.0 + u64::from(*count);
                let ranges = &mut self.partitions.entry(*partition).or_default().ranges;
                match ranges.last_mut() {
                    Some(last) if last.1 == first.0 => last.1 = end,
                    _ if *count > 0 => ranges.push((first.0, end)),
                    _ => {}
                }
            }
            Run::Trim { partition, start } => {
                let good = self.partitions.entry(*partition).or_default();
                good.start = good.start.max(start.0);
            }
            Run::Drop { partition } => {
                self.dropped.insert(*partition);
            }
            Run::Close { .. } => {}
        }
    }

    /// Without the dropped, and each partition's ranges in order.
    fn end(mut self) -> BTreeMap<PartitionId, Good> {
        self.partitions.retain(|id, _| !self.dropped.contains(id));
        for good in self.partitions.values_mut() {
            good.ranges.sort_unstable();
        }
        self.partitions
    }
}
