//! What consumers keep in the log: buffers (partitions of their own) and checkpoints (the last record of one).

use bytes::Bytes;
use types::{Offset, PartitionId, Scope, StreamName};

use crate::{PutEntry, Streams, StreamsError};

/// One atomic step of a consumer: its new checkpoint and the records that belong to it, all durable or none.
#[derive(Debug, Clone)]
pub struct Commit {
    /// The partition that holds the consumer's checkpoints, and the new one.
    pub checkpoint: (PartitionId, Bytes),
    /// Records to put, by stream.
    pub outputs: Vec<(Scope, StreamName, Vec<PutEntry>)>,
}

impl Streams {
    /// The last checkpoint written to the partition.
    pub async fn load_checkpoint(&self, _partition: PartitionId) -> Result<Option<Bytes>, StreamsError> {
        unimplemented!()
    }

    /// Writes a checkpoint and outputs in one log append, then forgets the checkpoints before it.
    pub async fn commit(&self, _commit: Commit) -> Result<(), StreamsError> {
        unimplemented!()
    }

    /// Appends to a buffer partition; answers when durable, with the offset of the first record.
    pub async fn buffer_append(&self, _partition: PartitionId, _records: Vec<Bytes>) -> Result<Offset, StreamsError> {
        unimplemented!()
    }

    /// Forgets the records of a buffer before `before`.
    pub async fn buffer_trim(&self, _partition: PartitionId, _before: Offset) -> Result<(), StreamsError> {
        unimplemented!()
    }

    /// Forgets a partition of a consumer that is no more.
    pub async fn drop_partition(&self, _partition: PartitionId) -> Result<(), StreamsError> {
        unimplemented!()
    }
}
