//! Which record is where in a queue: not received yet, held by a receipt (or waiting after one), a dead letter, or gone.
//!
//! Each shard has a next offset: what is at or after it was never received. What is before it is on one of the two
//! racks, queued or dead, or it was acknowledged (or outlived its retention). So the acknowledged records, of which
//! there is no end, need no memory at all; that of the racks is bounded by [`HELD_MAX`].
//!
//! This is a state machine without time, log or tasks of its own. Every change is a [`Step`], which the journal keeps:
//! it says what is, not what to do, so that a step may be applied twice and the state can be restated as steps.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use types::{Offset, ShardId, Timestamp};

use super::settle::{QueueAction, QueueRefusal, Settlement};
use super::{HELD_MAX, Queue};

/// Dead letters made by one receive at most, and records looked at for them; the others by the next ones.
const BURIED_MAX: usize = 100;
const LOOKED_AT_MAX: usize = 10_000;

/// The two sets of records that a queue offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    /// Those to be processed.
    Queue,
    /// Those that were received too often.
    DeadLetters,
}

/// Where a record is in the stream.
pub(crate) type Place = (ShardId, Offset);

/// A record that was received and not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// The number of its last receipt; only the handle of that one works.
    pub(crate) receipt: u64,
    /// From when on it can be received again.
    pub(crate) visible: Timestamp,
    /// How often it was received.
    pub(crate) received: u32,
    /// When it was received first.
    pub(crate) first: Timestamp,
}

/// One change, as the journal keeps it (version 1): what is true after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Nothing at or after that offset of the shard was received.
    Next(ShardId, Offset),
    /// The record is held in the queue.
    Queued(Place, Held),
    /// The record is a dead letter.
    Dead(Place, Held),
    /// The record was acknowledged, or is not retained any more.
    Gone(Place),
    /// Receipts up to that number were given.
    Receipts(u64),
}

/// Records by place, and by when they can be received.
#[derive(Debug, Default)]
struct Rack {
    held: BTreeMap<Place, Held>,
    due: BTreeSet<(Timestamp, Place)>,
}

impl Rack {
    fn put(&mut self, place: Place, held: Held) {
        self.take(place);
        self.held.insert(place, held);
        self.due.insert((held.visible, place));
    }

    fn take(&mut self, place: Place) {
        if let Some(before) = self.held.remove(&place) {
            self.due.remove(&(before.visible, place));
        }
    }

    /// The records that can be received now, longest waiting first.
    fn due(&self, now: Timestamp) -> impl Iterator<Item = (Place, Held)> {
        let due = self.due.iter().take_while(move |(visible, _)| *visible <= now);
        due.map(|(_, place)| (*place, self.held[place]))
    }

    fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let later = (Timestamp(now.0.saturating_add(1)), (ShardId(0), Offset::ZERO));
        self.due.range(later..).next().map(|(visible, _)| *visible)
    }
}

/// What a receipt wants.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) shelf: Shelf,
    pub(crate) limit: usize,
    pub(crate) now: Timestamp,
    /// Until when the records are hidden from others.
    pub(crate) hidden_until: Timestamp,
}

/// A shard's records that are there: `start` is not trimmed, `end` is one past the newest.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) shard: ShardId,
    pub(crate) start: Offset,
    pub(crate) end: Offset,
}

/// See the module text.
#[derive(Debug, Default)]
pub(crate) struct Shelves {
    next: BTreeMap<ShardId, Offset>,
    queued: Rack,
    dead: Rack,
    receipts: u64,
}

impl Shelves {
    /// Makes a step true.
    pub(crate) fn apply(&mut self, step: Step) {
        match step {
            Step::Next(shard, next) => _ = self.next.insert(shard, next),
            Step::Queued(place, held) => {
                self.receipts = self.receipts.max(held.receipt);
                self.dead.take(place);
                self.queued.put(place, held);
            }
            Step::Dead(place, held) => {
                self.receipts = self.receipts.max(held.receipt);
                self.queued.take(place);
                self.dead.put(place, held);
            }
            Step::Gone(place) => {
                self.queued.take(place);
                self.dead.take(place);
            }
            Step::Receipts(receipts) => self.receipts = self.receipts.max(receipts),
        }
    }

    fn make(&mut self, steps: &mut Vec<Step>, step: Step) {
        self.apply(step);
        steps.push(step);
    }

    /// How many records there are on the racks.
    pub(crate) fn size(&self) -> usize {
        self.queued.held.len() + self.dead.held.len()
    }

    /// Gives out records: those that wait again and those that are new in turn, so that neither keeps the other from
    /// its receivers.
    pub(crate) fn receive(
        &mut self,
        queue: &Queue,
        wanted: Wanted,
        extents: impl Iterator<Item = Extent>,
        steps: &mut Vec<Step>,
    ) -> Vec<(Place, Held)> {
        self.bury(queue, wanted.now, steps);
        let mut given = Vec::new();
        if wanted.shelf == Shelf::DeadLetters {
            self.give_due(wanted, None, wanted.limit, &mut given, steps);
            return given;
        }
        // With a limit of one they take turns.
        let share = (wanted.limit + (self.receipts & 1) as usize) / 2;
        let max = self.receives_max(queue);
        self.give_due(wanted, max, share, &mut given, steps);
        for extent in extents {
            if given.len() == wanted.limit || self.queued.held.len() >= HELD_MAX {
                break;
            }
            self.give_new(queue, wanted, extent, &mut given, steps);
        }
        self.give_due(wanted, max, wanted.limit, &mut given, steps);
        given
    }

    /// After how many receipts a record is to be a dead letter; `None` also while there is no room for one.
    fn receives_max(&self, queue: &Queue) -> Option<u32> {
        queue.attributes.receives_max.filter(|_| self.dead.held.len() < HELD_MAX)
    }

    /// Moves records that were received as often as may be, and are visible again, to the dead letters.
    fn bury(&mut self, queue: &Queue, now: Timestamp, steps: &mut Vec<Step>) {
        let Some(max) = self.receives_max(queue) else { return };
        let room = HELD_MAX.saturating_sub(self.dead.held.len()).min(BURIED_MAX);
        let spent = self.queued.due(now).take(LOOKED_AT_MAX).filter(|(_, held)| held.received >= max).take(room);
        for (place, held) in spent.collect::<Vec<_>>() {
            self.make(steps, Step::Dead(place, held));
        }
    }

    /// Gives out what waits again, but for what `max` receipts have spent, until `until` records are given.
    fn give_due(
        &mut self,
        wanted: Wanted,
        max: Option<u32>,
        until: usize,
        given: &mut Vec<(Place, Held)>,
        steps: &mut Vec<Step>,
    ) {
        let rack = if wanted.shelf == Shelf::Queue { &self.queued } else { &self.dead };
        let room = until.saturating_sub(given.len());
        // With a visibility timeout of zero, what was just given is due again.
        let due = rack.due(wanted.now).filter(|(place, held)| {
            max.is_none_or(|max| held.received < max) && !given.iter().any(|(there, _)| there == place)
        });
        for (place, held) in due.take(room).collect::<Vec<_>>() {
            self.give(wanted, place, held, given, steps);
        }
    }

    fn give_new(
        &mut self,
        queue: &Queue,
        wanted: Wanted,
        extent: Extent,
        given: &mut Vec<(Place, Held)>,
        steps: &mut Vec<Step>,
    ) {
        let shard = extent.shard;
        let first = self.next.get(&shard).or(queue.offsets.get(&shard)).copied().unwrap_or(Offset::ZERO);
        let (first, room) = (first.max(extent.start), (wanted.limit - given.len()) as u64);
        let end = Offset(extent.end.0.min(first.0.saturating_add(room)));
        if first >= end {
            return;
        }
        for offset in first.0..end.0 {
            let new = Held { receipt: 0, visible: wanted.now, received: 0, first: wanted.now };
            self.give(wanted, (shard, Offset(offset)), new, given, steps);
        }
        self.make(steps, Step::Next(shard, end));
    }

    fn give(
        &mut self,
        wanted: Wanted,
        place: Place,
        held: Held,
        given: &mut Vec<(Place, Held)>,
        steps: &mut Vec<Step>,
    ) {
        let first = if held.received == 0 { wanted.now } else { held.first };
        let received = held.received.saturating_add(1);
        let held = Held { receipt: self.receipts + 1, visible: wanted.hidden_until, received, first };
        let step = if wanted.shelf == Shelf::Queue { Step::Queued(place, held) } else { Step::Dead(place, held) };
        self.make(steps, step);
        given.push((place, held));
    }

    /// Does to a received record what its receiver wants.
    pub(crate) fn settle(
        &mut self,
        what: &Settlement,
        now: Timestamp,
        steps: &mut Vec<Step>,
    ) -> Result<(), QueueRefusal> {
        let rack = if what.shelf == Shelf::Queue { &self.queued } else { &self.dead };
        let held = rack.held.get(&what.place).filter(|held| held.receipt == what.receipt);
        let held = *held.ok_or(QueueRefusal::Stale)?;
        let put = |held| {
            if what.shelf == Shelf::Queue { Step::Queued(what.place, held) } else { Step::Dead(what.place, held) }
        };
        let step = match what.action {
            QueueAction::Acknowledge => Step::Gone(what.place),
            QueueAction::Hide(span) => put(Held { visible: now.after(span), ..held }),
            QueueAction::PutBack => put(Held { visible: now, received: held.received.saturating_sub(1), ..held }),
            QueueAction::Restore => {
                // A receipt of its own, so that the handle by which it was restored does not work in the queue.
                Step::Queued(what.place, Held { receipt: self.receipts + 1, visible: now, received: 0, ..held })
            }
        };
        self.make(steps, step);
        Ok(())
    }

    /// When, after now, something becomes visible that may be received from the shelf.
    pub(crate) fn next_due(&self, shelf: Shelf, now: Timestamp) -> Option<Timestamp> {
        let queued = self.queued.next_due(now);
        match shelf {
            Shelf::Queue => queued,
            // What becomes visible in the queue may be found to be dead.
            Shelf::DeadLetters => queued.into_iter().chain(self.dead.next_due(now)).min(),
        }
    }

    /// The earliest time at which anything is visible: who waits has to look again when it becomes earlier.
    pub(crate) fn first_due(&self) -> [Option<Timestamp>; 2] {
        [&self.queued, &self.dead].map(|rack| rack.due.first().map(|(visible, _)| *visible))
    }

    /// Forgets what is not retained any more: `is_there` says so of a place.
    pub(crate) fn purge(&mut self, is_there: impl Fn(Place) -> bool) {
        for rack in [&mut self.queued, &mut self.dead] {
            let gone: Vec<Place> = rack.held.keys().copied().filter(|place| !is_there(*place)).collect();
            gone.into_iter().for_each(|place| rack.take(place));
        }
    }

    /// The steps that lead from nothing to here.
    pub(crate) fn restate(&self) -> Vec<Step> {
        let next = self.next.iter().map(|(shard, next)| Step::Next(*shard, *next));
        let queued = self.queued.held.iter().map(|(place, held)| Step::Queued(*place, *held));
        let dead = self.dead.held.iter().map(|(place, held)| Step::Dead(*place, *held));
        [Step::Receipts(self.receipts)].into_iter().chain(next).chain(queued).chain(dead).collect()
    }
}
