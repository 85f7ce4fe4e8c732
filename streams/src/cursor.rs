//! Consuming in process: a cursor over one partition that waits for the commit instead of polling.

use types::{Epoch, Offset, PartitionId, Record, Timestamp};

use crate::{Shard, Streams, StreamsError};

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
pub struct ShardCursor {
    pub(crate) _streams: Streams,
    pub(crate) _partition: PartitionId,
    pub(crate) _epoch: Epoch,
    pub(crate) next: Offset,
}

impl ShardCursor {
    /// The offset of the next record it will return: what a checkpoint stores, to be given to [`Start::At`].
    pub fn position(&self) -> Offset {
        self.next
    }

    /// Waits for at least one record, or the end of the shard, and moves past what it returns. Records older than the
    /// stream's retention are skipped. Cancel-safe: a dropped call has not moved.
    pub async fn next_page(&mut self, _records_max: usize, _bytes_max: usize) -> Result<CursorPage, StreamsError> {
        unimplemented!()
    }
}

impl Streams {
    /// A cursor over a shard.
    pub async fn shard_cursor(&self, _shard: &Shard, _start: Start) -> Result<ShardCursor, StreamsError> {
        unimplemented!()
    }

    /// A cursor over a buffer: a partition of a consumer's own, opened by the command whose offset is `epoch`.
    pub async fn buffer_cursor(
        &self,
        _partition: PartitionId,
        _epoch: Epoch,
        _start: Start,
    ) -> Result<ShardCursor, StreamsError> {
        unimplemented!()
    }
}
