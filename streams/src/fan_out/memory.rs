//! One budget of memory for the pages of all subscriptions.
//!
//! Nobody waits for memory, so no slow client can stop another one: when the budget is spent, pages become small.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of all pages and their encoded forms.
const BUDGET_BYTES: usize = 64 << 20;
/// Most bytes of keys and values in a page, but for a single larger record.
pub(super) const PAGE_BYTES_MAX: usize = 1 << 20;
/// The same when the budget is spent.
const SMALL_PAGE_BYTES_MAX: usize = 32 << 10;
/// A page costs its records, their form in base64, and what stands around them.
const COST: usize = 3;
/// The budget is counted in these.
const UNIT_BYTES: usize = 1024;

/// See the module text.
#[derive(Debug)]
pub(super) struct Budget {
    units: Arc<Semaphore>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { units: Arc::new(Semaphore::new(BUDGET_BYTES / UNIT_BYTES)) }
    }
}

/// Room for a page that is not read yet.
pub(super) struct Reserved {
    permit: Option<OwnedSemaphorePermit>,
}

/// What a page and its encoded form keep for as long as either is there.
#[derive(Debug)]
pub(super) struct Held {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// Room for a full page; `None` when the budget is spent.
    pub(super) fn reserve(&self) -> Option<Reserved> {
        let permit = self.acquire(PAGE_BYTES_MAX)?;
        Some(Reserved { permit: Some(permit) })
    }

    /// Gives back what a page of `bytes` does not need.
    pub(super) fn settle(&self, reserved: Reserved, bytes: usize) -> Arc<Held> {
        let cost = units(bytes) as usize;
        let permit = match reserved.permit {
            Some(mut permit) if permit.num_permits() >= cost => permit.split(cost),
            // A small page, or a record larger than a page: counted if there is room.
            _ => self.acquire(bytes),
        };
        Arc::new(Held { _permit: permit })
    }

    fn acquire(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.units).try_acquire_many_owned(units(bytes)).ok()
    }
}

impl Reserved {
    /// Nothing, for a page that must be small.
    pub(super) fn nothing() -> Self {
        Self { permit: None }
    }

    /// How large the page may be.
    pub(super) fn page_bytes_max(&self) -> usize {
        if self.permit.is_some() { PAGE_BYTES_MAX } else { SMALL_PAGE_BYTES_MAX }
    }
}

fn units(bytes: usize) -> u32 {
    u32::try_from((bytes * COST).div_ceil(UNIT_BYTES)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_makes_pages_small_and_comes_back() {
        let budget = Budget::default();
        let held: Vec<_> =
            std::iter::from_fn(|| budget.reserve()).map(|room| budget.settle(room, PAGE_BYTES_MAX)).collect();
        assert_eq!(held.len(), BUDGET_BYTES / (COST * PAGE_BYTES_MAX));
        assert_eq!(Reserved::nothing().page_bytes_max(), SMALL_PAGE_BYTES_MAX);
        drop(held);
        assert_eq!(budget.units.available_permits(), BUDGET_BYTES / UNIT_BYTES);
        let small = budget.settle(budget.reserve().unwrap(), 1);
        assert_eq!(budget.units.available_permits(), BUDGET_BYTES / UNIT_BYTES - 1);
        drop(small);
    }
}
