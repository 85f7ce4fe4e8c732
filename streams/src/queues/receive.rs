//! Receiving: a receipt at the desk, the records from the log, and the wait when there is nothing.

use std::future::pending;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use tokio::sync::watch;
use types::{Offset, Record, Sleep, Timestamp, limits};

use super::desk::{Desk, Taken};
use super::handle::Handle;
use super::settle::{QueueAction, Settlement};
use super::shelves::{Held, Place, Wanted};
use super::{Queue, Shelf};
use crate::get;
use crate::{Stream, Streams, StreamsError};

/// What a receiver asks for.
#[derive(Debug, Clone, Copy)]
pub struct Receive {
    /// Records to be processed, or dead letters.
    pub shelf: Shelf,
    /// Records at most.
    pub limit: usize,
    /// How long to wait for the first one.
    pub wait: Duration,
    /// How long they are hidden from other receivers; `None`: as the queue says.
    pub visibility: Option<Duration>,
}

/// A received record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueRecord {
    /// What it is acknowledged with.
    pub handle: String,
    /// Its id: the same whenever it is received, and that of no other record.
    pub id: String,
    /// The record.
    pub record: Record,
    /// When it was received first.
    pub first_received: Timestamp,
    /// How often it was received.
    pub received: u32,
}

impl Streams {
    /// Receives records, or waits for some; none when there are none in time. The receipts are durable when this
    /// returns.
    pub async fn receive_queue_records(&self, queue: &Queue, ask: Receive) -> Result<Vec<QueueRecord>, StreamsError> {
        let mut deadline = self.parts.clock.sleep(ask.wait);
        let desk = self.desk(queue)?;
        let mut shown = desk.shown();
        loop {
            // Watched before it is looked at, so that nothing that happens between the look and the wait is missed.
            shown.borrow_and_update();
            let mut changes = self.parts.catalog.changes();
            let stream = self.stream_of_queue(queue)?;
            let mut ends: Vec<_> = match ask.shelf {
                Shelf::Queue => stream.open_shards().map(|shard| self.parts.log.watch(shard.partition)).collect(),
                Shelf::DeadLetters => Vec::new(),
            };
            let taken = self.take(&desk, queue, ask).await?;
            if !taken.records.is_empty() {
                let records = self.fetch(&desk, queue, &stream, ask.shelf, taken.records).await?;
                if !records.is_empty() {
                    return Ok(records);
                }
                continue;
            }
            let now = self.parts.clock.now();
            let due =
                taken.next_due.map(|due| self.parts.clock.sleep(Duration::from_millis(due.0.saturating_sub(now.0))));
            tokio::select! {
                biased;
                () = &mut deadline => return Ok(Vec::new()),
                () = until(due) => {}
                () = any_change(&mut ends) => {}
                _ = shown.changed() => {}
                _ = changes.changed() => {}
            }
        }
    }

    async fn take(&self, desk: &Desk, queue: &Queue, ask: Receive) -> Result<Taken, StreamsError> {
        let now = self.parts.clock.now();
        let hidden = match ask.visibility {
            Some(span) => span,
            None => self.queue(&queue.scope, &queue.name)?.visibility(),
        };
        desk.receive(Wanted { shelf: ask.shelf, limit: ask.limit, now, hidden_until: now.after(hidden) }).await
    }

    /// Reads what was received. A record that is not retained any more leaves the queue; what would make the answer
    /// larger than one of GetRecords, but for the first record, goes back.
    async fn fetch(
        &self,
        desk: &Desk,
        queue: &Queue,
        stream: &Stream,
        shelf: Shelf,
        taken: Vec<(Place, Held)>,
    ) -> Result<Vec<QueueRecord>, StreamsError> {
        let (mut records, mut unfit, mut bytes) = (Vec::new(), Vec::new(), 0);
        let read = join_all(taken.iter().map(|(place, _)| self.read_one(stream, *place))).await;
        for ((place, held), read) in taken.into_iter().zip(read) {
            let settlement = |action| Ok(Settlement { shelf, place, receipt: held.receipt, action });
            let Some((id, record)) = read? else {
                unfit.push(settlement(QueueAction::Acknowledge));
                continue;
            };
            bytes += record.data.len() + record.partition_key.len();
            if bytes > limits::GET_RECORDS_BYTES_MAX && !records.is_empty() {
                unfit.push(settlement(QueueAction::PutBack));
                continue;
            }
            let handle = Handle { queue: queue.epoch, shelf, place, receipt: held.receipt };
            let handle = handle.seal(&self.parts.token_secret);
            records.push(QueueRecord { handle, id, record, first_received: held.first, received: held.received });
        }
        if !unfit.is_empty() {
            desk.settle(unfit).await?;
        }
        Ok(records)
    }

    /// A record and its id, if it is still retained.
    async fn read_one(
        &self,
        stream: &Stream,
        (shard, offset): Place,
    ) -> Result<Option<(String, Record)>, StreamsError> {
        let Some(shard) = stream.shard(shard) else { return Ok(None) };
        let cutoff = stream.oldest(self.parts.clock.now());
        let place = get::Place { stream: Some(stream), partition: shard.partition, epoch: shard.epoch };
        let read = self.read_retained(place, offset, cutoff, 1, limits::GET_RECORDS_BYTES_MAX).await?;
        let found = read.records.into_iter().next();
        let found = found.filter(|record| record.sequence_number.offset() == Some(offset));
        Ok(found.map(|record| (id(shard.epoch.0, offset), record)))
    }
}

async fn until(due: Option<Sleep>) {
    match due {
        Some(due) => due.await,
        None => pending().await,
    }
}

/// Ends with the next record of any shard; never for dead letters, which come from no shard.
async fn any_change(ends: &mut [watch::Receiver<Offset>]) {
    if ends.is_empty() {
        pending::<()>().await;
    }
    let (changed, ..) = select_all(ends.iter_mut().map(|end| Box::pin(end.changed()))).await;
    if changed.is_err() {
        // A partition that is gone stays so; the caller is about to hear it from the catalog.
        pending::<()>().await;
    }
}

/// The epoch of a shard is that of no other, of any stream.
fn id(epoch: u64, Offset(offset): Offset) -> String {
    format!("{epoch:016x}{offset:016x}")
}
