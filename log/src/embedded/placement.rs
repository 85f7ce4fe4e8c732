//! Which lane the records of a partition are written to.
//!
//! The hints that owners give ([`crate::Log::classify`]) are wishes. A partition moves to another lane when that lane's
//! active segment holds no record of it, or its last ones: so the records of a partition in one segment are always
//! neighbours, and a fence (`table.rs`) can stand for all of them. Until then it stays where its last record is, which is
//! always possible. Owns: hints, and where each partition is. Refuses: segments.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use types::PartitionId;

use super::queue::Request;
use super::table::Table;
use crate::Lane;

/// What owners said since the commit thread last looked.
#[derive(Default)]
pub(crate) struct Hints {
    new: Mutex<HashMap<PartitionId, Lane>>,
    /// Whether there are any: the commit thread asks before each frame.
    any: AtomicBool,
}

impl Hints {
    /// Takes one in; the last one for a partition counts.
    pub(crate) fn give(&self, partition: PartitionId, lane: Lane) {
        self.lock().insert(partition, lane);
        self.any.store(true, Ordering::Release);
    }

    fn take(&self) -> HashMap<PartitionId, Lane> {
        match self.any.swap(false, Ordering::Acquire) {
            true => std::mem::take(&mut *self.lock()),
            false => HashMap::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PartitionId, Lane>> {
        self.new.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See the module text.
#[derive(Debug, Default)]
pub(crate) struct Placement {
    /// Partitions that are not in [`Lane::Day`].
    placed: HashMap<PartitionId, Lane>,
    /// Those that are to move, and where to.
    moving: HashMap<PartitionId, Lane>,
}

impl Placement {
    /// `placed` are the lanes that the last records of partitions stand in.
    pub(crate) fn new(placed: impl IntoIterator<Item = (PartitionId, Lane)>) -> Self {
        let placed = placed.into_iter().filter(|(_, lane)| *lane != Lane::Day).collect();
        Self { placed, moving: HashMap::new() }
    }

    /// Whether there is no other lane than [`Lane::Day`].
    pub(crate) fn is_trivial(&self) -> bool {
        self.placed.is_empty()
    }

    /// The lane of a partition.
    pub(crate) fn of(&self, partition: PartitionId) -> Lane {
        self.placed.get(&partition).copied().unwrap_or_default()
    }

    /// Takes the hints in and moves those partitions of `batch` that can.
    pub(crate) fn settle<'t>(
        &mut self,
        hints: &Hints,
        batch: &[Request],
        table: impl FnOnce() -> MutexGuard<'t, Table>,
    ) {
        for (partition, lane) in hints.take() {
            match self.of(partition) == lane {
                true => self.moving.remove(&partition),
                false => self.moving.insert(partition, lane),
            };
        }
        if self.moving.is_empty() {
            return;
        }
        let due = batch.iter().flat_map(Request::partitions).filter(|id| self.moving.contains_key(id));
        let due: Vec<PartitionId> = due.collect();
        if due.is_empty() {
            return;
        }
        let table = table();
        for partition in due {
            let Some(lane) = self.moving.get(&partition).copied() else { continue };
            if table.may_go_on(partition, lane) {
                self.put(partition, lane);
                self.moving.remove(&partition);
            }
        }
    }

    /// Leads what is not an append to the first lane, for once: the partition's own has no room.
    pub(crate) fn divert(&mut self, partition: PartitionId) {
        if let Some(lane) = self.placed.remove(&partition) {
            self.moving.entry(partition).or_insert(lane);
        }
    }

    /// The partition is no more.
    pub(crate) fn forget(&mut self, partition: PartitionId) {
        self.placed.remove(&partition);
        self.moving.remove(&partition);
    }

    /// Whether `request` is for a partition in `lane`.
    pub(crate) fn touches(&self, request: &Request, lane: Lane) -> bool {
        match self.is_trivial() {
            true => lane == Lane::Day,
            false => request.partitions().any(|partition| self.of(partition) == lane),
        }
    }

    fn put(&mut self, partition: PartitionId, lane: Lane) {
        match lane {
            Lane::Day => self.placed.remove(&partition),
            lane => self.placed.insert(partition, lane),
        };
    }
}
