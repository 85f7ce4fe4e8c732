//! How far a reader is in a shard, and what it must not miss.

use std::sync::Arc;

use streams::{Position, Shard};
use types::{Record, SequenceNumber, ShardId, StreamName, Timestamp};

use crate::world::World;

/// See the module text.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    pub(crate) stream: StreamName,
    pub(crate) shard: ShardId,
    epoch: u64,
    /// The next offset.
    next: u64,
    /// Calls that began earlier (virtual microseconds) need not be seen.
    begun_min: u64,
    /// Records that arrived earlier need not be seen.
    arrived_min: Timestamp,
    start: Position,
    last: Option<SequenceNumber>,
}

impl Tail {
    /// A reader that starts at `start`; LATEST means from when the position is resolved, which [`Self::resolved`] tells.
    pub(crate) fn new(stream: &StreamName, shard: &Shard, start: Position) -> Self {
        let arrived_min = if let Position::AtTimestamp(time) = start { time } else { Timestamp(0) };
        let begun_min = if start == Position::Latest { u64::MAX } else { 0 };
        let (stream, epoch) = (stream.clone(), shard.epoch.0);
        Self { stream, shard: shard.id, epoch, next: 0, begun_min, arrived_min, start, last: None }
    }

    /// Where to go on.
    pub(crate) fn position(&self, again: bool) -> Position {
        match self.last {
            None => self.start,
            Some(last) if again => Position::AtSequenceNumber(last),
            Some(last) => Position::AfterSequenceNumber(last),
        }
    }

    /// The position was resolved: from here on nothing may be missed.
    pub(crate) fn resolved(&mut self, position: Position, micros: u64) {
        match position {
            Position::AtSequenceNumber(number) => self.next = number.at_offset().0,
            Position::AfterSequenceNumber(number) => self.next = number.after_offset().0,
            Position::Latest => self.begun_min = micros,
            _ => {}
        }
    }

    /// Takes records in: in order, each once, none left out that stands between them. `asked` is when the reader asked.
    pub(crate) fn take(&mut self, world: &World, records: &[Record], asked: u64) {
        for record in records {
            world.history().read(&self.stream, record, world.clock.micros());
            let (epoch, offset) = (record.sequence_number.epoch().0, record.sequence_number.at_offset().0);
            if epoch != self.epoch || offset < self.next {
                world.violation(format!("{self:?} was given {epoch}/{offset}"));
                continue;
            }
            self.check_missed(world, offset, u64::MAX);
            self.next = offset + 1;
            self.last = Some(record.sequence_number);
        }
        if records.is_empty() {
            self.check_missed(world, u64::MAX, asked);
        }
    }

    /// The shard was said to have ended: nothing may stand behind.
    pub(crate) fn end(&self, world: &Arc<World>, children: &[Shard]) {
        self.check_missed(world, u64::MAX, u64::MAX);
        world.count("ends of shards", 1);
        if children.is_empty() || children.iter().any(|child| !child.parents.contains(&self.shard)) {
            world.violation(format!("{self:?} ended with the children {children:?}"));
        }
    }

    /// Nothing that must be seen may stand from `next` up to `end`, of what was known before `known`.
    fn check_missed(&self, world: &World, end: u64, known: u64) {
        let mut history = world.history();
        if self.next >= end {
            return;
        }
        let between: Vec<_> =
            history.places.range((self.epoch, self.next)..(self.epoch, end)).map(|(p, id)| (*p, *id)).collect();
        for (place, (call, index)) in between {
            let put = &history.puts[call];
            let must = put.begun >= self.begun_min && put.settled <= known && !put.is_forgiven;
            if must && !history.arrived_before(call, self.arrived_min) && !history.is_stale(call, world.clock.now()) {
                let what = format!("{self:?} missed record {call}.{index} at {place:?}");
                drop(history);
                world.violation(what);
                return;
            }
        }
    }
}
