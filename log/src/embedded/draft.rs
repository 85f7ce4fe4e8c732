//! One commit in the making: requests are admitted in order, given offsets and times, and encoded partition by partition,
//! a frame for each lane.

use types::{Offset, PartitionId, Timestamp};

use super::index::Posting;
use super::placement::Placement;
use super::queue::{Answer, Request};
use super::run::{RUN_BYTES_SOFT, RecordsRun, Run, put_control};
use super::tails::{EMPTY, Tails};
use crate::{Appended, Lane, LogError, NewRecord, PartitionAppend};

/// A change of one partition.
struct Op {
    lane: Lane,
    partition: PartitionId,
    what: What,
}

enum What {
    Records { first: Offset, time: Timestamp, records: Vec<NewRecord> },
    Control(Run),
}

/// An outcome that is told once the frame is durable.
enum Settled {
    Append(Answer<Vec<Appended>>, Result<Vec<Appended>, LogError>),
    Close(Answer<Offset>, Result<Offset, LogError>),
    Done(Answer<()>, Result<(), LogError>),
}

/// See the module text.
#[derive(Default)]
pub(crate) struct Draft {
    ops: Vec<Op>,
    settled: Vec<Settled>,
    /// Bytes of keys and values.
    pub(crate) payload_bytes: u64,
}

impl Draft {
    /// Takes a request in: what it changes is in `tails` from now on.
    pub(crate) fn admit(&mut self, tails: &mut Tails, request: Request) {
        let settled = match request {
            Request::Append { batch, bytes, now, answer, vital: _ } => {
                let outcome = self.append(tails, batch, now);
                self.payload_bytes += if outcome.is_ok() { bytes.payload } else { 0 };
                Settled::Append(answer, outcome)
            }
            Request::Close { partition, now, answer } => Settled::Close(answer, self.close(tails, partition, now)),
            Request::Trim { partition, before, answer } => Settled::Done(answer, self.trim(tails, partition, before)),
            Request::Drop { partition, answer } => {
                self.forget(tails, partition);
                Settled::Done(answer, Ok(()))
            }
        };
        self.settled.push(settled);
    }

    fn append(
        &mut self,
        tails: &mut Tails,
        batch: Vec<PartitionAppend>,
        now: Timestamp,
    ) -> Result<Vec<Appended>, LogError> {
        batch.iter().try_for_each(|part| tails.check_open(part.partition))?;
        let mut appended = Vec::with_capacity(batch.len());
        for PartitionAppend { partition, records } in batch {
            let is_new = !tails.partitions.contains_key(&partition);
            let bounds = tails.partitions.entry(partition).or_insert(EMPTY);
            let first = bounds.end;
            let time = now.max(bounds.last_time);
            appended.push(Appended { first, time });
            if records.is_empty() && !is_new {
                continue;
            }
            if !records.is_empty() {
                bounds.last_time = time;
            }
            bounds.end = Offset(first.0 + records.len() as u64);
            self.ops.push(Op { lane: Lane::Day, partition, what: What::Records { first, time, records } });
        }
        Ok(appended)
    }

    fn close(&mut self, tails: &mut Tails, partition: PartitionId, now: Timestamp) -> Result<Offset, LogError> {
        if tails.dropped.contains(&partition) {
            return Err(LogError::NoPartition(partition));
        }
        let bounds = tails.partitions.entry(partition).or_insert(EMPTY);
        if bounds.closed.is_none() {
            bounds.last_time = now.max(bounds.last_time);
            bounds.closed = Some(bounds.last_time);
            self.control(partition, Run::Close { partition, end: bounds.end, time: bounds.last_time });
        }
        Ok(bounds.end)
    }

    fn trim(&mut self, tails: &mut Tails, partition: PartitionId, before: Offset) -> Result<(), LogError> {
        let bounds = tails.partitions.get_mut(&partition).ok_or(LogError::NoPartition(partition))?;
        let start = before.min(bounds.end);
        if start > bounds.start {
            bounds.start = start;
            self.control(partition, Run::Trim { partition, start });
        }
        Ok(())
    }

    fn forget(&mut self, tails: &mut Tails, partition: PartitionId) {
        tails.partitions.remove(&partition);
        if tails.dropped.insert(partition) {
            self.control(partition, Run::Drop { partition });
        }
    }

    fn control(&mut self, partition: PartitionId, run: Run) {
        self.ops.push(Op { lane: Lane::Day, partition, what: What::Control(run) });
    }

    /// Nothing more is admitted: sorts what there is by lane and partition.
    pub(crate) fn arrange(&mut self, placement: &Placement) {
        if !placement.is_trivial() {
            self.ops.iter_mut().for_each(|op| op.lane = placement.of(op.partition));
        }
        self.ops.sort_by_key(|op| (op.lane, op.partition));
    }

    /// The lanes that get a frame; to be asked when all is arranged.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = Lane> {
        Lane::ALL.into_iter().filter(|lane| self.ops.binary_search_by_key(lane, |op| op.lane).is_ok())
    }

    /// Encodes what goes to `lane` behind what stands in `frame`; positions count from `base`.
    pub(crate) fn encode(&self, lane: Lane, frame: &mut Vec<u8>, salt: u64, base: u64) -> Encoded {
        let ops = &self.ops[self.ops.partition_point(|op| op.lane < lane)..];
        let ops = &ops[..ops.partition_point(|op| op.lane == lane)];
        let mut encoded = Encoded { runs: 0, touched: Vec::new(), postings: Vec::new() };
        let mut current: Option<RecordsRun> = None;
        for Op { partition, what, .. } in ops {
            if encoded.touched.last() != Some(partition) {
                encoded.touched.push(*partition);
            }
            match what {
                What::Records { first, time, records } if !records.is_empty() => {
                    let mut next = *first;
                    for record in records {
                        let fits = current
                            .as_ref()
                            .is_some_and(|run| run.partition == *partition && frame.len() - run.start < RUN_BYTES_SOFT);
                        if !fits {
                            encoded.end(current.take(), frame, salt, base);
                        }
                        let run = current.get_or_insert_with(|| RecordsRun::begin(frame, *partition, next, *time));
                        run.push(frame, record, *time);
                        next = next.next();
                    }
                }
                What::Records { first, time, .. } => {
                    encoded.end(current.take(), frame, salt, base);
                    encoded.runs += 1;
                    RecordsRun::begin(frame, *partition, *first, *time).end(frame, salt);
                }
                What::Control(run) => {
                    encoded.end(current.take(), frame, salt, base);
                    encoded.runs += 1;
                    put_control(frame, salt, run);
                }
            }
        }
        encoded.end(current.take(), frame, salt, base);
        encoded
    }

    /// The partitions that are no more.
    pub(crate) fn dropped(&self) -> impl Iterator<Item = PartitionId> {
        let drops = self.ops.iter().filter(|op| matches!(op.what, What::Control(Run::Drop { .. })));
        drops.map(|op| op.partition)
    }

    /// Tells every caller its outcome; the commit is durable.
    pub(crate) fn settle(self) {
        for settled in self.settled {
            // A caller that went away needs no answer.
            let _gone = match settled {
                Settled::Append(answer, outcome) => answer.send(outcome).is_err(),
                Settled::Close(answer, outcome) => answer.send(outcome).is_err(),
                Settled::Done(answer, outcome) => answer.send(outcome).is_err(),
            };
        }
    }
}

/// What stands in an encoded frame.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) runs: u32,
    /// By id.
    pub(crate) touched: Vec<PartitionId>,
    pub(crate) postings: Vec<(PartitionId, Posting)>,
}

impl Encoded {
    fn end(&mut self, run: Option<RecordsRun>, frame: &mut [u8], salt: u64, base: u64) {
        let Some(run) = run else { return };
        run.end(frame, salt);
        self.runs += 1;
        let posting = Posting {
            first: run.first,
            last_time: run.last_time,
            count: run.count,
            position: (base + run.start as u64) as u32,
            length: (frame.len() - run.start) as u32,
        };
        self.postings.push((run.partition, posting));
    }
}
