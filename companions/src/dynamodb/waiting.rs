//! From `apply` back to who submitted: the outcome of a write.
//!
//! A command log answers where a command stands or why it was refused, not the item that it found. So a write carries the
//! number of its request, and `apply` leaves the outcome here if somebody of this process waits under that number. As
//! many outcomes wait as requests are in flight; on replay nobody waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::value::Item;
use crate::CompanionsError;

/// What a write did: the item before and after.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Written {
    /// Before; `None` when there was none.
    pub old: Option<Arc<Item>>,
    /// After; `None` when there is none.
    pub new: Option<Arc<Item>>,
}

/// What became of the writes of one command, in their order.
pub(crate) type Outcome = Result<Vec<Written>, CompanionsError>;

/// Outcomes by request.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    outcomes: Mutex<HashMap<u64, Option<Outcome>>>,
}

/// A place for one outcome; given up when dropped.
pub(crate) struct Seat<'w> {
    waiting: &'w Waiting,
    request: u64,
}

impl Waiting {
    /// Waits for the outcome of `request`, a number that nobody else uses.
    pub(crate) fn seat(&self, request: u64) -> Seat<'_> {
        self.lock().insert(request, None);
        Seat { waiting: self, request }
    }

    /// Leaves an outcome for who waits for it, if anybody does.
    pub(crate) fn leave(&self, request: u64, outcome: impl FnOnce() -> Outcome) {
        if let Some(place) = self.lock().get_mut(&request) {
            *place = Some(outcome());
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Option<Outcome>>> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat<'_> {
    /// The outcome, when the command was applied.
    pub(crate) fn take(&self) -> Option<Outcome> {
        self.waiting.lock().get_mut(&self.request).and_then(Option::take)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.waiting.lock().remove(&self.request);
    }
}
