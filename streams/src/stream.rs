//! A stream and its shards, as the catalog holds them: immutable values, replaced whole by each command.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{
    Arn, Epoch, HashKey, HashRange, PartitionId, ResourceType, Scope, SequenceNumber, ShardId, StreamName, Timestamp,
};

/// How capacity is decided (model shape `StreamMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamMode {
    /// The user chooses the number of shards.
    Provisioned,
    /// The service does.
    OnDemand,
}

/// One shard: a range of hash keys and the partition that holds its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Its name in the stream.
    pub id: ShardId,
    /// The command that opened it; the high half of its sequence numbers.
    pub epoch: Epoch,
    /// Where its records are.
    pub partition: PartitionId,
    /// Which keys it takes.
    pub range: HashRange,
    /// The shards it was made from: none, one (split) or two (merge).
    pub parents: Vec<ShardId>,
    /// When it was opened.
    pub opened: Timestamp,
}

impl Shard {
    /// The number below all its records.
    pub fn starting_sequence_number(&self) -> SequenceNumber {
        SequenceNumber::start_of(self.epoch)
    }
}

/// One incarnation of a stream; a new stream under an old name has another epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: StreamName,
    /// The command that created it.
    pub epoch: Epoch,
    /// When it was created.
    pub created: Timestamp,
    /// How capacity is decided.
    pub mode: StreamMode,
    /// How long records are kept.
    pub retention: Duration,
    /// Largest record, data plus partition key, in bytes.
    pub record_bytes_max: usize,
    /// Tags by key.
    pub tags: std::collections::BTreeMap<String, String>,
    /// All shards by id, closed ones included.
    pub shards: Vec<Shard>,
}

impl Stream {
    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new(&self.scope, ResourceType::Stream, self.name.as_str())
    }

    /// The shard with that id.
    pub fn shard(&self, id: ShardId) -> Option<&Shard> {
        self.shards.binary_search_by_key(&id, |shard| shard.id).ok().map(|index| &self.shards[index])
    }

    /// The shards made from that one.
    pub(crate) fn children(&self, id: ShardId) -> Vec<Shard> {
        self.shards.iter().filter(|shard| shard.parents.contains(&id)).cloned().collect()
    }

    /// The index of the open shard that takes the key. Today every shard is open and they stand in the order of their
    /// ranges; reshards will keep a table of the open ones.
    pub(crate) fn route(&self, key: HashKey) -> usize {
        self.shards.partition_point(|shard| shard.range.end < key)
    }
}
