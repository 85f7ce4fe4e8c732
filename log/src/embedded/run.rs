//! Runs: what a frame says, partition by partition. Encoding goes straight into the frame's buffer.
//!
//! A run is `crc32c u32 | length u32 | kind u8 | fields`; the checksum is over the segment's salt and everything behind
//! the checksum, so a run can be served without the rest of its frame. Byte by byte: `docs/log-format.md`.

use std::ops::Range;

use crc32c::{crc32c, crc32c_append};
use types::{Offset, PartitionId, Timestamp};

use super::format::{Cursor, put_varint, u32_at};
use crate::{Bounds, NewRecord};

/// `crc32c` and `length`.
pub(crate) const RUN_PREFIX_BYTES: usize = 8;
/// A run is not continued past this many bytes, so that a small read does not check a whole large frame.
pub(crate) const RUN_BYTES_SOFT: usize = 128 << 10;
/// More than a run takes beside its records: prefix, kind, four numbers and a count.
pub(crate) const RUN_OVERHEAD_MAX: usize = 64;
/// More than a record takes beside its key and value.
pub(crate) const RECORD_OVERHEAD_MAX: usize = 30;
/// More than a partition takes in a snapshot.
pub(crate) const SNAPSHOT_ENTRY_MAX: usize = 52;

const RECORDS: u8 = 1;
const CLOSE: u8 = 2;
const TRIM: u8 = 3;
const DROP: u8 = 4;
const SNAPSHOT: u8 = 5;

/// A run as recovery sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Run {
    /// Records `first..first + count`, the first at `first_time`, the last at `last_time`.
    Records { partition: PartitionId, first: Offset, count: u32, first_time: Timestamp, last_time: Timestamp },
    /// The partition ends at `end`.
    Close { partition: PartitionId, end: Offset, time: Timestamp },
    /// Records before `start` are forgotten.
    Trim { partition: PartitionId, start: Offset },
    /// The partition is forgotten.
    Drop { partition: PartitionId },
    /// Every partition and every dropped id before this frame; the first run of each segment.
    Snapshot { partitions: Vec<(PartitionId, Bounds)>, dropped: Vec<PartitionId> },
}

/// Starts a run in `frame` and answers where.
pub(crate) fn begin_run(frame: &mut Vec<u8>) -> usize {
    let start = frame.len();
    frame.resize(start + RUN_PREFIX_BYTES, 0);
    start
}

/// Fills in length and checksum of the run that began at `start` and ends with `frame`.
pub(crate) fn end_run(frame: &mut [u8], start: usize, salt: u64) {
    let length = (frame.len() - start - RUN_PREFIX_BYTES) as u32;
    frame[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
    let crc = run_crc(&frame[start..], salt);
    frame[start..start + 4].copy_from_slice(&crc.to_le_bytes());
}

fn run_crc(run: &[u8], salt: u64) -> u32 {
    crc32c_append(crc32c(&salt.to_le_bytes()), &run[4..])
}

/// A run of records being written.
#[derive(Debug)]
pub(crate) struct RecordsRun {
    pub(crate) start: usize,
    pub(crate) partition: PartitionId,
    pub(crate) first: Offset,
    pub(crate) count: u32,
    pub(crate) first_time: Timestamp,
    pub(crate) last_time: Timestamp,
    count_at: usize,
}

impl RecordsRun {
    pub(crate) fn begin(frame: &mut Vec<u8>, partition: PartitionId, first: Offset, time: Timestamp) -> Self {
        let start = begin_run(frame);
        frame.push(RECORDS);
        put_varint(frame, partition.0);
        put_varint(frame, first.0);
        put_varint(frame, time.0);
        let count_at = frame.len();
        frame.extend_from_slice(&[0; 4]);
        Self { start, partition, first, count: 0, first_time: time, last_time: time, count_at }
    }

    pub(crate) fn push(&mut self, frame: &mut Vec<u8>, record: &NewRecord, time: Timestamp) {
        put_varint(frame, time.0 - self.first_time.0);
        put_varint(frame, record.key.len() as u64);
        frame.extend_from_slice(&record.key);
        put_varint(frame, record.value.len() as u64);
        frame.extend_from_slice(&record.value);
        self.count += 1;
        self.last_time = time;
    }

    pub(crate) fn end(&self, frame: &mut [u8], salt: u64) {
        frame[self.count_at..self.count_at + 4].copy_from_slice(&self.count.to_le_bytes());
        end_run(frame, self.start, salt);
    }
}

/// Appends a run without records.
pub(crate) fn put_control(frame: &mut Vec<u8>, salt: u64, run: &Run) {
    let start = begin_run(frame);
    match run {
        Run::Records { partition, first, first_time, .. } => {
            frame.truncate(start);
            RecordsRun::begin(frame, *partition, *first, *first_time).end(frame, salt);
            return;
        }
        Run::Close { partition, end, time } => {
            frame.push(CLOSE);
            [partition.0, end.0, time.0].into_iter().for_each(|number| put_varint(frame, number));
        }
        Run::Trim { partition, start } => {
            frame.push(TRIM);
            [partition.0, start.0].into_iter().for_each(|number| put_varint(frame, number));
        }
        Run::Drop { partition } => {
            frame.push(DROP);
            put_varint(frame, partition.0);
        }
        Run::Snapshot { partitions, dropped } => {
            frame.push(SNAPSHOT);
            put_varint(frame, partitions.len() as u64);
            for (partition, bounds) in partitions {
                let closed = bounds.closed.map_or(0, |time| time.0.saturating_add(1));
                [partition.0, bounds.start.0, bounds.end.0, closed, bounds.last_time.0]
                    .into_iter()
                    .for_each(|number| put_varint(frame, number));
            }
            put_varint(frame, dropped.len() as u64);
            dropped.iter().for_each(|partition| put_varint(frame, partition.0));
        }
    }
    end_run(frame, start, salt);
}

/// Reads the run at the start of `bytes`: its whole length and what it says. `None` when the bytes are not a run.
pub(crate) fn decode_run(bytes: &[u8]) -> Option<(usize, Run)> {
    let length = u32_at(bytes.get(..RUN_PREFIX_BYTES)?, 4) as usize;
    let whole = RUN_PREFIX_BYTES.checked_add(length)?;
    let mut cursor = Cursor::new(bytes.get(RUN_PREFIX_BYTES..whole)?);
    let run = match cursor.u8()? {
        RECORDS => {
            let head = RecordsHead::decode(&mut cursor)?;
            let mut last_time = head.first_time;
            for _ in 0..head.count {
                last_time = Timestamp(head.first_time.0.checked_add(cursor.varint()?)?);
                cursor.block()?;
                cursor.block()?;
            }
            let RecordsHead { partition, first, count, first_time } = head;
            Run::Records { partition, first, count, first_time, last_time }
        }
        CLOSE => {
            let [partition, end, time] = numbers(&mut cursor)?;
            Run::Close { partition: PartitionId(partition), end: Offset(end), time: Timestamp(time) }
        }
        TRIM => {
            let [partition, start] = numbers(&mut cursor)?;
            Run::Trim { partition: PartitionId(partition), start: Offset(start) }
        }
        DROP => Run::Drop { partition: PartitionId(cursor.varint()?) },
        SNAPSHOT => decode_snapshot(&mut cursor)?,
        _ => return None,
    };
    cursor.is_at_end().then_some((whole, run))
}

fn numbers<const N: usize>(cursor: &mut Cursor<'_>) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = cursor.varint()?;
    }
    Some(numbers)
}

fn decode_snapshot(cursor: &mut Cursor<'_>) -> Option<Run> {
    let mut partitions = Vec::new();
    for _ in 0..cursor.varint()? {
        let [id, start, end, closed, last_time] = numbers(cursor)?;
        let bounds = Bounds {
            start: Offset(start),
            end: Offset(end),
            closed: closed.checked_sub(1).map(Timestamp),
            last_time: Timestamp(last_time),
        };
        partitions.push((PartitionId(id), bounds));
    }
    let mut dropped = Vec::new();
    for _ in 0..cursor.varint()? {
        dropped.push(PartitionId(cursor.varint()?));
    }
    Some(Run::Snapshot { partitions, dropped })
}

struct RecordsHead {
    partition: PartitionId,
    first: Offset,
    count: u32,
    first_time: Timestamp,
}

impl RecordsHead {
    fn decode(cursor: &mut Cursor<'_>) -> Option<Self> {
        let [partition, first, time] = numbers(cursor)?;
        let count = cursor.u32()?;
        first.checked_add(u64::from(count))?;
        Some(Self { partition: PartitionId(partition), first: Offset(first), count, first_time: Timestamp(time) })
    }
}

/// Whether `run` is whole and as it was written to the segment with `salt`; the error says what is wrong.
pub(crate) fn check_run(run: &[u8], salt: u64) -> Result<(), &'static str> {
    if run.len() < RUN_PREFIX_BYTES + 1 || u32_at(run, 4) as usize != run.len() - RUN_PREFIX_BYTES {
        return Err("the run's length is wrong");
    }
    if u32_at(run, 0) != run_crc(run, salt) {
        return Err("the run's checksum is wrong");
    }
    Ok(())
}

/// The records of a run, in order, as places in it. An item that is an error is the last.
pub(crate) struct Records<'a> {
    cursor: Cursor<'a>,
    first_time: Timestamp,
    /// The first record.
    pub(crate) first: Offset,
    /// How many there are.
    pub(crate) count: u32,
    next: u32,
}

/// A record in the bytes of its run.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) offset: Offset,
    pub(crate) time: Timestamp,
    pub(crate) key: Range<usize>,
    pub(crate) value: Range<usize>,
}

const UNREADABLE: &str = "the run cannot be read though its checksum is right";

impl<'a> Records<'a> {
    /// Of a run of `partition` that was checked; the error says what else it is.
    pub(crate) fn of(run: &'a [u8], partition: PartitionId) -> Result<Self, &'static str> {
        let mut cursor = Cursor::new(run);
        let kind = cursor.take(RUN_PREFIX_BYTES).and_then(|_| cursor.u8());
        let head = RecordsHead::decode(&mut cursor).ok_or(UNREADABLE)?;
        if kind != Some(RECORDS) || head.partition != partition {
            return Err("another run stands here");
        }
        Ok(Self { cursor, first_time: head.first_time, first: head.first, count: head.count, next: 0 })
    }

    fn decode(&mut self) -> Option<Found> {
        let delta = self.cursor.varint()?;
        let time = Timestamp(self.first_time.0.checked_add(delta)?);
        let offset = Offset(self.first.0 + u64::from(self.next));
        Some(Found { offset, time, key: self.cursor.block()?, value: self.cursor.block()? })
    }
}

impl Iterator for Records<'_> {
    type Item = Result<Found, &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.count {
            return None;
        }
        let found = self.decode();
        self.next = if found.is_some() { self.next + 1 } else { self.count };
        Some(found.ok_or(UNREADABLE))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const SALT: u64 = 0xfeed;

    fn records(run: &[u8], salt: u64, partition: PartitionId) -> Result<Vec<Found>, &'static str> {
        check_run(run, salt)?;
        Records::of(run, partition)?.collect()
    }

    fn record(text: &'static str) -> NewRecord {
        NewRecord { key: Bytes::from_static(b"k"), value: Bytes::from_static(text.as_bytes()) }
    }

    #[test]
    fn records_read_back_and_every_flip_shows() {
        let mut frame = Vec::new();
        let mut run = RecordsRun::begin(&mut frame, PartitionId(300), Offset(7), Timestamp(1_000));
        run.push(&mut frame, &record("one"), Timestamp(1_000));
        run.push(&mut frame, &record("two"), Timestamp(1_200));
        run.end(&mut frame, SALT);
        let bytes = Bytes::from(frame);
        let read = records(&bytes, SALT, PartitionId(300)).unwrap();
        assert_eq!(read.iter().map(|r| (r.offset.0, r.time.0)).collect::<Vec<_>>(), [(7, 1_000), (8, 1_200)]);
        assert_eq!(&bytes[read[1].value.clone()], b"two");
        assert!(records(&bytes, SALT + 1, PartitionId(300)).is_err());
        assert!(records(&bytes, SALT, PartitionId(301)).is_err());
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(records(&flipped, SALT, PartitionId(300)).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn every_kind_reads_back() {
        let bounds =
            Bounds { start: Offset(1), end: Offset(9), closed: Some(Timestamp(0)), last_time: Timestamp(u64::MAX) };
        let open = Bounds { closed: None, ..bounds };
        let runs = [
            Run::Close { partition: PartitionId(u64::MAX), end: Offset(3), time: Timestamp(5) },
            Run::Trim { partition: PartitionId(1), start: Offset(3) },
            Run::Drop { partition: PartitionId(1) },
            Run::Snapshot {
                partitions: vec![(PartitionId(0), bounds), (PartitionId(1), open)],
                dropped: vec![PartitionId(2)],
            },
            Run::Records {
                partition: PartitionId(1),
                first: Offset(0),
                count: 0,
                first_time: Timestamp(4),
                last_time: Timestamp(4),
            },
        ];
        let mut frame = Vec::new();
        runs.iter().for_each(|run| put_control(&mut frame, SALT, run));
        let mut at = 0;
        for run in runs {
            let (length, read) = decode_run(&frame[at..]).unwrap();
            assert_eq!(read, run);
            at += length;
        }
        assert_eq!(at, frame.len());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let _run = decode_run(&bytes);
            let _records = records(&bytes, SALT, PartitionId(0));
            if let Ok(records) = Records::of(&bytes, PartitionId(0)) {
                let count = records.count as usize;
                let found = records.take(1000).filter_map(Result::ok);
                proptest::prop_assert!(found.inspect(|f| assert!(f.value.end <= bytes.len())).count() <= count);
            }
        }
    }
}
