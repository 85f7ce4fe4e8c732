//! One bound on the pages in memory for all the cursors of a consumer: a reshard to a thousand lagging shards must not
//! be a thousand pages.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{CursorPage, ShardCursor};
use crate::StreamsError;

/// How much the cursors of one consumer may hold together; clones share it. The largest single record may come on top of
/// each page, because a page takes at least one record.
#[derive(Debug, Clone)]
pub struct PageBudget {
    pages: Arc<Semaphore>,
    records_max: usize,
    bytes_max: usize,
}

/// A page, and the part of the budget that it takes until it is dropped.
#[derive(Debug)]
pub struct HeldPage {
    /// The page.
    pub page: CursorPage,
    _held: OwnedSemaphorePermit,
}

impl PageBudget {
    /// At most `pages` at a time, each of `records_max` records and `bytes_max` bytes.
    pub fn new(pages: usize, records_max: usize, bytes_max: usize) -> Self {
        Self { pages: Arc::new(Semaphore::new(pages)), records_max, bytes_max }
    }
}

impl ShardCursor {
    /// As [`Self::next_page`], within the budget. A cursor that waits for records holds nothing, so that silent shards
    /// never keep busy ones from being read. Cancel-safe.
    ///
    /// # Errors
    /// As [`Self::next_page`].
    pub async fn next_page_within(&mut self, budget: &PageBudget) -> Result<HeldPage, StreamsError> {
        loop {
            let changes = self.seen();
            if self.may_have_page() {
                let held = budget.pages.clone().acquire_owned().await;
                let held = held.expect("the budget's semaphore is never closed");
                if let Some(page) = self.page_now(budget.records_max, budget.bytes_max).await? {
                    return Ok(HeldPage { page, _held: held });
                }
            }
            self.changed(changes).await?;
        }
    }

    /// Whether a read is worth it: there are records, the shard is closed, or its partition is gone, which the read tells.
    fn may_have_page(&self) -> bool {
        let bounds = self.streams.parts.log.bounds(self.partition);
        bounds.is_none_or(|bounds| bounds.end > self.next || bounds.closed.is_some())
    }
}
