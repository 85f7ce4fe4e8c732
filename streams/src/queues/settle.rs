//! What receivers do with records they received: acknowledge, hide longer or shorter, restore.

use std::time::Duration;

use super::handle::Handle;
use super::shelves::Place;
use super::{Queue, Shelf};
use crate::{Streams, StreamsError};

/// What to do with a received record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueAction {
    /// It is done with: the queue delivers it never again. The stream keeps it.
    Acknowledge,
    /// It is hidden from other receivers for that long from now; zero shows it at once.
    Hide(Duration),
    /// It was not received after all: it is visible, and the receipt is not counted.
    PutBack,
    /// A dead letter goes back into the queue, visible, with a receive count of zero.
    Restore,
}

/// Why nothing was done with one record of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueueRefusal {
    /// Not a handle of this queue, or one of its other shelf.
    #[error("The receipt handle is not one that this operation of this queue can use.")]
    Invalid,
    /// The record was received again since, or acknowledged, or moved to the dead letters or out of them, or it is not
    /// retained any more.
    #[error("The receipt handle is not valid any more.")]
    Stale,
}

/// An action on one receipt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settlement {
    pub(crate) shelf: Shelf,
    pub(crate) place: Place,
    pub(crate) receipt: u64,
    pub(crate) action: QueueAction,
}

impl Streams {
    /// Does something with each of the received records, named by their receipt handles; answers when it is durable.
    pub async fn settle_queue_records(
        &self,
        queue: &Queue,
        shelf: Shelf,
        entries: &[(&str, QueueAction)],
    ) -> Result<Vec<Result<(), QueueRefusal>>, StreamsError> {
        let read = |(text, action): &(&str, QueueAction)| {
            let handle = Handle::open(&self.parts.token_secret, text);
            let handle = handle.filter(|handle| handle.queue == queue.epoch && handle.shelf == shelf);
            let Handle { place, receipt, .. } = handle.ok_or(QueueRefusal::Invalid)?;
            Ok(Settlement { shelf, place, receipt, action: *action })
        };
        self.desk(queue)?.settle(entries.iter().map(read).collect()).await
    }
}
