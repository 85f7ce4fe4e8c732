//! Consuming in process: a cursor over one partition that waits for the commit instead of polling.

use std::sync::Arc;

use tokio::sync::watch;
use types::{Epoch, Offset, PartitionId, Record, ShardId, Timestamp};

use crate::get::Place;
use crate::{Shard, Stream, Streams, StreamsError};

mod budget;

pub use budget::{HeldPage, PageBudget};

/// Where a cursor starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// The oldest retained record.
    Horizon,
    /// After the newest record now.
    Latest,
    /// The first record that arrived then or later.
    AtTime(Timestamp),
    /// That offset, or the horizon if it is later.
    At(Offset),
}

/// What a cursor found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorPage {
    /// The records, in order; empty only at the end of a closed shard.
    pub records: Vec<Record>,
    /// The shard is closed and this page reaches its end: nothing will follow.
    pub ended: bool,
    /// How many records are there after this page.
    pub records_behind: u64,
}

/// A position in one partition that moves as pages are taken. It holds no resource of the log; drop it at any time.
#[derive(Debug)]
pub struct ShardCursor {
    streams: Streams,
    partition: PartitionId,
    epoch: Epoch,
    next: Offset,
    /// The stream read, by its incarnation, and the shard; none for a buffer.
    shard: Option<(Epoch, ShardId)>,
    durable_end: watch::Receiver<Offset>,
}

/// What the catalog says of a cursor's partition now.
struct Found {
    /// The stream; none for a buffer.
    stream: Option<Arc<Stream>>,
    /// The oldest arrival to be shown.
    cutoff: Timestamp,
    /// Whether the shard's end is part of the stream's state.
    has_children: bool,
}

impl ShardCursor {
    /// The offset of the next record it will return: what a checkpoint stores, to be given to [`Start::At`].
    pub fn position(&self) -> Offset {
        self.next
    }

    /// How many durable records are at or after the position.
    pub fn records_behind(&self) -> u64 {
        self.streams.bounds(self.partition).end.0.saturating_sub(self.next.0)
    }

    /// Waits for at least one record, or the end of the shard, and moves past what it returns. Records older than the
    /// stream's retention are skipped. Cancel-safe: a dropped call has not moved.
    ///
    /// # Errors
    /// [`StreamsError::NotFound`] when the partition was dropped, its stream deleted; [`StreamsError::Kms`] when the next
    /// record cannot be opened now.
    pub async fn next_page(&mut self, records_max: usize, bytes_max: usize) -> Result<CursorPage, StreamsError> {
        loop {
            let changes = self.seen();
            if let Some(page) = self.page_now(records_max, bytes_max).await? {
                return Ok(page);
            }
            self.changed(changes).await?;
        }
    }

    /// Everything up to now counts as seen: what happens between this and [`Self::changed`] ends that wait at once.
    fn seen(&mut self) -> watch::Receiver<u64> {
        self.durable_end.borrow_and_update();
        self.streams.parts.catalog.changes()
    }

    /// What is there now, if it is a page.
    async fn page_now(&mut self, records_max: usize, bytes_max: usize) -> Result<Option<CursorPage>, StreamsError> {
        let Found { stream, cutoff, has_children } = self.look_up()?;
        let place = Place { stream: stream.as_deref(), partition: self.partition, epoch: self.epoch };
        let read = self.streams.read_retained(place, self.next, cutoff, records_max, bytes_max).await?;
        let behind = read.bounds.end.0.saturating_sub(read.next.0);
        let ended = read.bounds.closed.is_some() && has_children && behind == 0;
        if !ended && read.records.is_empty() {
            return Ok(None);
        }
        self.next = read.next;
        Ok(Some(CursorPage { records: read.records, ended, records_behind: behind }))
    }

    async fn changed(&mut self, mut changes: watch::Receiver<u64>) -> Result<(), StreamsError> {
        let is_closed = self.streams.bounds(self.partition).closed.is_some();
        tokio::select! {
            biased;
            // A closed shard has ended when its children are open, which the catalog tells.
            Ok(()) = changes.changed(), if is_closed => Ok(()),
            changed = self.durable_end.changed() => changed.map_err(|_| self.gone()),
        }
    }

    fn look_up(&self) -> Result<Found, StreamsError> {
        let Some((stream, shard)) = self.shard else {
            return Ok(Found { stream: None, cutoff: Timestamp(0), has_children: true });
        };
        let state = self.streams.parts.catalog.current();
        let stream = state.by_epoch(stream).ok_or_else(|| self.gone())?;
        let shard = stream.shard(shard).ok_or_else(|| self.gone())?;
        let (cutoff, has_children) = (stream.oldest(self.streams.parts.clock.now()), shard.closed.is_some());
        Ok(Found { stream: Some(Arc::clone(stream)), cutoff, has_children })
    }

    fn gone(&self) -> StreamsError {
        StreamsError::NotFound(format!("partition {} was deleted while it was read", self.partition.0))
    }
}

impl Streams {
    /// A cursor over a shard of a stream.
    pub async fn shard_cursor(
        &self,
        stream: &Stream,
        shard: &Shard,
        start: Start,
    ) -> Result<ShardCursor, StreamsError> {
        self.cursor(shard.partition, shard.epoch, start, Some((stream.epoch, shard.id))).await
    }

    /// A cursor over a buffer: a partition of a consumer's own, opened by the command whose offset is `epoch`.
    pub async fn buffer_cursor(
        &self,
        partition: PartitionId,
        epoch: Epoch,
        start: Start,
    ) -> Result<ShardCursor, StreamsError> {
        self.cursor(partition, epoch, start, None).await
    }

    async fn cursor(
        &self,
        partition: PartitionId,
        epoch: Epoch,
        start: Start,
        shard: Option<(Epoch, ShardId)>,
    ) -> Result<ShardCursor, StreamsError> {
        let durable_end = self.parts.log.watch(partition);
        let bounds = self.bounds(partition);
        let next = match start {
            Start::Horizon => bounds.start,
            Start::Latest => bounds.end,
            Start::AtTime(time) => self.offset_at_time(partition, time).await?,
            Start::At(offset) => offset.max(bounds.start),
        };
        Ok(ShardCursor { streams: self.clone(), partition, epoch, next, shard, durable_end })
    }
}
