//! The persisted state of a running application, one record of its checkpoint partition.
//!
//! # Format (version 1)
//! A byte `1`; the length of the header as a little-endian `u32`; the header, [`Header`] as JSON; then for each entry of
//! `windows` an Arrow IPC stream of the length that stands there: the open windows of the INSERT of that index, a row
//! per group: its keys in order of GROUP BY, then the state columns of each aggregate in order of the SELECT.

use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use types::{Epoch, Offset, ShardId};

use super::JobError;

const VERSION: u8 = 1;
const PREFIX_BYTES: usize = 5;

/// A shard of one incarnation of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ShardKey {
    /// The command that opened the shard: a stream made anew under an old name has other ones.
    pub(crate) epoch: Epoch,
    pub(crate) shard: ShardId,
}

/// Where a source is in one shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardPosition {
    /// The shard.
    pub(crate) key: ShardKey,
    /// The next record to read.
    pub(crate) next: Offset,
    /// The shard is closed and was read to its end.
    pub(crate) ended: bool,
    /// The shard's own watermark; absent before its first row.
    pub(crate) watermark: Option<i64>,
}

/// The state of one source table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceState {
    /// Up to where windows have fired; absent before the first row.
    pub(crate) watermark: Option<i64>,
    /// Every shard known.
    pub(crate) shards: Vec<ShardPosition>,
}

/// Counters that live as long as the state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counters {
    pub(crate) records_in: u64,
    pub(crate) rows_out: u64,
    pub(crate) late: u64,
    pub(crate) ignored: u64,
}

/// The header of a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The command from which this state descends (Create, or a Start that began afresh); others are not its heirs.
    pub(crate) lineage: Offset,
    /// By source, in order of the program.
    pub(crate) sources: Vec<SourceState>,
    pub(crate) counters: Counters,
    /// Index of the INSERT and length of its state in bytes.
    pub(crate) windows: Vec<(usize, usize)>,
}

/// A whole checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Checkpoint {
    pub(crate) header: Header,
    /// Index of the INSERT and its open windows.
    pub(crate) windows: Vec<(usize, RecordBatch)>,
}

impl Checkpoint {
    /// The record.
    pub(crate) fn encode(mut self) -> Result<Bytes, JobError> {
        let mut body = Vec::new();
        for (insert, batch) in &self.windows {
            let start = body.len();
            let mut writer = StreamWriter::try_new(&mut body, &batch.schema())?;
            writer.write(batch)?;
            writer.finish()?;
            drop(writer);
            self.header.windows.push((*insert, body.len() - start));
        }
        let unreadable = |error: serde_json::Error| JobError::Checkpoint(error.to_string());
        let header = serde_json::to_vec(&self.header).map_err(unreadable)?;
        let length = u32::try_from(header.len()).map_err(|error| JobError::Checkpoint(error.to_string()))?;
        let mut record = Vec::with_capacity(PREFIX_BYTES + header.len() + body.len());
        record.push(VERSION);
        record.extend(length.to_le_bytes());
        record.extend(header);
        record.extend(body);
        Ok(record.into())
    }

    /// Reads a record.
    pub(crate) fn decode(record: &[u8]) -> Result<Self, JobError> {
        let short = || JobError::Checkpoint("it is cut short".into());
        let (prefix, rest) = record.split_at_checked(PREFIX_BYTES).ok_or_else(short)?;
        if prefix[0] != VERSION {
            return Err(JobError::Checkpoint(format!("it has version {}, this server reads {VERSION}", prefix[0])));
        }
        let length = u32::from_le_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
        let (header, mut body) = rest.split_at_checked(length).ok_or_else(short)?;
        let mut header: Header =
            serde_json::from_slice(header).map_err(|error| JobError::Checkpoint(error.to_string()))?;
        let mut windows = Vec::with_capacity(header.windows.len());
        for (insert, length) in std::mem::take(&mut header.windows) {
            let (state, rest) = body.split_at_checked(length).ok_or_else(short)?;
            body = rest;
            let mut batches = StreamReader::try_new(Cursor::new(state), None)?;
            windows.push((insert, batches.next().ok_or_else(short)??));
        }
        Ok(Self { header, windows })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Int64Array;

    use super::*;

    fn checkpoint() -> Checkpoint {
        let key = ShardKey { epoch: Epoch(7), shard: ShardId(1) };
        let shards = vec![ShardPosition { key, next: Offset(42), ended: false, watermark: Some(-5) }];
        let header = Header {
            lineage: Offset(3),
            sources: vec![SourceState { watermark: None, shards }],
            counters: Counters { records_in: 1, rows_out: 2, late: 3, ignored: 4 },
            windows: Vec::new(),
        };
        let batch = RecordBatch::try_from_iter([("n", Arc::new(Int64Array::from(vec![Some(1), None])) as _)]).unwrap();
        Checkpoint { header, windows: vec![(2, batch)] }
    }

    #[test]
    fn checkpoints_round_trip() {
        let record = checkpoint().encode().unwrap();
        assert_eq!(Checkpoint::decode(&record).unwrap(), checkpoint());
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let record = checkpoint().encode().unwrap();
        for length in 0..record.len() - 8 {
            let _refused_or_whole = Checkpoint::decode(&record[..length]);
        }
        assert!(Checkpoint::decode(&[2, 0, 0, 0, 0]).is_err());
    }
}
