//! What consumers keep in the log: buffers (partitions of their own) and checkpoints (the last record of one).

use bytes::Bytes;
use log::{LogError, NewRecord, PartitionAppend};
use types::{Offset, PartitionId, Scope, StreamName};

use crate::put::Batch;
use crate::service::not_found;
use crate::{PutEntry, Streams, StreamsError};

/// Old checkpoints are forgotten once in so many commits: each trim is a write of its own.
const CHECKPOINTS_KEPT_MAX: u64 = 32;

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
    pub async fn load_checkpoint(&self, partition: PartitionId) -> Result<Option<Bytes>, StreamsError> {
        let bounds = self.bounds(partition);
        if bounds.end == bounds.start {
            return Ok(None);
        }
        let page = self.parts.log.read(partition, Offset(bounds.end.0 - 1), 1, usize::MAX).await?;
        Ok(page.records.into_iter().next().map(|record| record.value))
    }

    /// Writes a checkpoint and outputs in one log append, and now and then forgets the checkpoints before it.
    ///
    /// # Errors
    /// Nothing was written, except when the log stopped: then the outcome is known after the restart.
    pub async fn commit(&self, commit: Commit) -> Result<(), StreamsError> {
        let (partition, checkpoint) = commit.checkpoint;
        let mut batches = Vec::with_capacity(commit.outputs.len());
        for (scope, name, entries) in commit.outputs {
            let stream = self.serving(&scope, &name)?;
            let batch = Batch::new(self, &stream, entries)?;
            batches.push((stream, batch));
        }
        let first = single(partition, vec![checkpoint]);
        let written = self.append_open(batches, Some(first), false).await.map_err(|refused| refused.error)?;
        let written = written.appended[0].first;
        // The commit is durable: from here on nothing may answer an error, or the caller would commit its rows again.
        if written.0 % CHECKPOINTS_KEPT_MAX == CHECKPOINTS_KEPT_MAX - 1
            && let Err(error) = self.parts.log.trim(partition, written).await
        {
            tracing::warn!(%error, "old checkpoints were not forgotten; the next trim covers them");
        }
        Ok(())
    }

    /// Appends to a buffer partition; answers when durable, with the offset of the first record.
    pub async fn buffer_append(&self, partition: PartitionId, records: Vec<Bytes>) -> Result<Offset, StreamsError> {
        let appended = self.parts.log.append(vec![single(partition, records)], self.parts.clock.now()).await?;
        Ok(appended[0].first)
    }

    /// Forgets the records of a buffer before `before`.
    pub async fn buffer_trim(&self, partition: PartitionId, before: Offset) -> Result<(), StreamsError> {
        match self.parts.log.trim(partition, before).await {
            Ok(()) | Err(LogError::NoPartition(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets a partition of a consumer that is no more.
    pub async fn drop_partition(&self, partition: PartitionId) -> Result<(), StreamsError> {
        Ok(self.parts.log.drop_partition(partition).await?)
    }

    /// Fails as a put would when the stream is not there: for consumers that check their sinks before they start.
    pub fn expect_stream(&self, scope: &Scope, name: &StreamName) -> Result<(), StreamsError> {
        self.parts.catalog.stream(scope, name).map(|_| ()).ok_or_else(|| not_found(scope, name))
    }
}

fn single(partition: PartitionId, values: Vec<Bytes>) -> PartitionAppend {
    let records = values.into_iter().map(|value| NewRecord { key: Bytes::new(), value }).collect();
    PartitionAppend { partition, records }
}
