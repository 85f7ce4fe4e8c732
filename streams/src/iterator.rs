//! Shard iterators: opaque, authenticated, five minutes old at most.

use types::{Scope, SequenceNumber, ShardId, StreamName, Timestamp};

use crate::{Streams, StreamsError};

/// Where an iterator starts (model shape `ShardIteratorType` with its argument).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The record with that number, or the next one.
    AtSequenceNumber(SequenceNumber),
    /// The record after that number.
    AfterSequenceNumber(SequenceNumber),
    /// The oldest retained record.
    TrimHorizon,
    /// After the newest record at the time of the call.
    Latest,
    /// The first record that arrived then or later.
    AtTimestamp(Timestamp),
}

impl Streams {
    /// A new iterator for a shard.
    pub async fn shard_iterator(
        &self,
        _scope: &Scope,
        _name: &StreamName,
        _shard: ShardId,
        _position: Position,
    ) -> Result<String, StreamsError> {
        unimplemented!()
    }
}
