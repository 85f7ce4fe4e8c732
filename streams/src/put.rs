//! PutRecord and PutRecords: hash, route, one atomic append, sequence numbers.

use bytes::Bytes;
use types::{Scope, SequenceNumber, ShardId, StreamName};

use crate::{Streams, StreamsError};

/// One record to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutEntry {
    /// Chooses the shard by its MD5, 1 to 256 characters.
    pub partition_key: String,
    /// Chooses the shard itself when present: a decimal number below 2^128.
    pub explicit_hash_key: Option<String>,
    /// The payload.
    pub data: Bytes,
}

/// Where a record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its shard.
    pub shard: ShardId,
    /// Its position.
    pub sequence_number: SequenceNumber,
}

/// Why one record of a batch was not taken while the call as a whole was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutFailure {
    /// The shard is over its rate, or the log is full: retry that record.
    Throttled(String),
    /// The server failed on that record.
    Internal(String),
}

impl Streams {
    /// Puts records; answers in request order when all that were taken are durable. A wrong entry refuses the call.
    pub async fn put_records(
        &self,
        _scope: &Scope,
        _name: &StreamName,
        _entries: Vec<PutEntry>,
    ) -> Result<Vec<Result<Placed, PutFailure>>, StreamsError> {
        unimplemented!()
    }
}
