//! A stream and its shards, as the catalog holds them: immutable values, replaced whole by each command.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{
    Arn, ConsumerName, Epoch, HashKey, HashRange, Offset, PartitionId, ResourceType, Scope, SequenceNumber, ShardId,
    StreamName, Timestamp,
};

use crate::encryption::StreamKeys;
use crate::reshard::Plan;
use crate::{Consumer, StreamsError};

/// How capacity is decided (model shape `StreamMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamMode {
    /// The user chooses the number of shards.
    Provisioned,
    /// The service does.
    OnDemand,
}

/// What a stream is doing (model shape `StreamStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StreamStatus {
    /// It is being made and takes no records yet.
    Creating,
    /// It serves.
    Active,
    /// It serves, and a control operation is under way.
    Updating,
    /// It is about to be gone.
    Deleting,
}

impl StreamStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Updating => "UPDATING",
            Self::Deleting => "DELETING",
        }
    }
}

/// How records find their shard (model shape `RecordDistributionStrategy`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Distribution {
    /// By the hash of their partition key, or by their explicit hash key.
    #[default]
    UserPartitionKey,
    /// As the service likes; partition keys are optional then.
    Auto,
}

/// A shard-level metric that enhanced monitoring can switch on (model shape `MetricsName`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ShardMetric {
    /// Bytes put.
    IncomingBytes,
    /// Records put.
    IncomingRecords,
    /// Age of the last record of each read.
    IteratorAgeMilliseconds,
    /// Bytes read.
    OutgoingBytes,
    /// Records read.
    OutgoingRecords,
    /// Reads refused by the shard's rate.
    ReadProvisionedThroughputExceeded,
    /// Puts refused by the shard's rate.
    WriteProvisionedThroughputExceeded,
}

impl ShardMetric {
    /// All of them, by name.
    pub const ALL: [Self; 7] = [
        Self::IncomingBytes,
        Self::IncomingRecords,
        Self::IteratorAgeMilliseconds,
        Self::OutgoingBytes,
        Self::OutgoingRecords,
        Self::ReadProvisionedThroughputExceeded,
        Self::WriteProvisionedThroughputExceeded,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IncomingBytes => "IncomingBytes",
            Self::IncomingRecords => "IncomingRecords",
            Self::IteratorAgeMilliseconds => "IteratorAgeMilliseconds",
            Self::OutgoingBytes => "OutgoingBytes",
            Self::OutgoingRecords => "OutgoingRecords",
            Self::ReadProvisionedThroughputExceeded => "ReadProvisionedThroughputExceeded",
            Self::WriteProvisionedThroughputExceeded => "WriteProvisionedThroughputExceeded",
        }
    }
}

/// How a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closed {
    /// When.
    pub at: Timestamp,
    /// One past its last record.
    pub end: Offset,
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
    /// How it ended; `None` while it takes records.
    pub closed: Option<Closed>,
}

impl Shard {
    /// The number below all its records.
    pub fn starting_sequence_number(&self) -> SequenceNumber {
        SequenceNumber::start_of(self.epoch)
    }

    /// The number above all records of a closed shard; `None` while it is open.
    pub fn ending_sequence_number(&self) -> Option<SequenceNumber> {
        self.closed.map(|closed| SequenceNumber::of(self.epoch, closed.end))
    }
}

/// What a stream that is not ACTIVE waits for; the driver (`reshard/drive.rs`) finishes it, after a crash too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Pending {
    /// The time that such a change takes.
    Settling,
    /// Shards to close and open.
    Reshard(Plan),
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
    /// What it is doing.
    pub status: StreamStatus,
    /// How capacity is decided.
    pub mode: StreamMode,
    /// How long records are kept.
    pub retention: Duration,
    /// Records that arrived before are gone for good, whatever the retention is now.
    pub horizon: Timestamp,
    /// Largest record, data plus partition key, in bytes.
    pub record_bytes_max: usize,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// All shards by id, closed ones included until they expire.
    pub shards: Vec<Shard>,
    /// Registered consumers by name.
    pub consumers: BTreeMap<ConsumerName, Consumer>,
    /// Shard-level metrics that are on.
    pub monitoring: BTreeSet<ShardMetric>,
    /// Write capacity that an on-demand stream keeps ready, in MiB/s.
    pub warm_mibps: Option<u32>,
    /// How records find their shard.
    pub distribution: Distribution,
    /// Who else may use it, as the policy's JSON.
    pub policy: Option<String>,
    /// Encryption at rest: what new records are sealed with, and what old ones were.
    pub keys: StreamKeys,
    pub(crate) pending: Option<Pending>,
    /// The index of the next shard.
    pub(crate) shards_made: u32,
    /// When the consumer that was deregistered last had been registered, in seconds: a new ARN must differ.
    pub(crate) consumer_seconds: u64,
    /// Changes that are counted over a day.
    pub(crate) recent: Vec<(Counted, Timestamp)>,
    /// Indices of the open shards, in the order of their ranges.
    #[serde(skip)]
    pub(crate) open: Vec<usize>,
}

/// A control operation with a daily quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Counted {
    /// UpdateShardCount.
    Scale,
    /// UpdateStreamMode.
    Mode,
    /// StartStreamEncryption.
    Encrypt,
    /// StopStreamEncryption.
    Decrypt,
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

    /// The shards that take records, in the order of their ranges.
    pub fn open_shards(&self) -> impl ExactSizeIterator<Item = &Shard> {
        self.open.iter().map(|index| &self.shards[*index])
    }

    /// The shards made from that one.
    pub fn children(&self, id: ShardId) -> Vec<Shard> {
        self.shards.iter().filter(|shard| shard.parents.contains(&id)).cloned().collect()
    }

    /// The oldest arrival that readers may see now.
    pub fn oldest(&self, now: Timestamp) -> Timestamp {
        now.before(self.retention).max(self.horizon)
    }

    /// The error of a call that one of its shards has no room for.
    pub(crate) fn over_rate(&self, shard: ShardId) -> StreamsError {
        let (name, account) = (&self.name, &self.scope.account);
        StreamsError::Throttled(format!("Rate exceeded for shard {shard} in stream {name} under account {account}."))
    }

    /// Whether records can be put and read.
    pub fn serves(&self) -> bool {
        matches!(self.status, StreamStatus::Active | StreamStatus::Updating)
    }

    /// The index of the open shard that takes the key.
    pub(crate) fn route(&self, key: HashKey) -> usize {
        self.open[self.open.partition_point(|index| self.shards[*index].range.end < key)]
    }

    /// To be called after `shards` changed.
    pub(crate) fn index_open_shards(&mut self) {
        let open = self.shards.iter().enumerate().filter(|(_, shard)| shard.closed.is_none());
        self.open = open.map(|(index, _)| index).collect();
        self.open.sort_by_key(|index| self.shards[*index].range.start);
    }
}
