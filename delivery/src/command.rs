//! The persisted commands of Firehose and of channels (version 1), as JSON in the command log.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use types::{ChannelName, DeliveryStreamName, Offset, PartitionId, Scope, StreamName, Timestamp};

use crate::channels::{ChannelOutput, RecordFormat};
use crate::config::{Destination, Logging, SourceConfig};

/// A change of the catalog. A variant or field is never renamed; new fields have a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Opens a delivery stream with two partitions of its own: checkpoints are `PartitionId::opened_by(offset, 0)`, the
    /// DirectPut buffer is `PartitionId::opened_by(offset, 1)`, where `offset` is this command's place in the log.
    Create {
        /// Whose it is.
        scope: Scope,
        /// Its name, free in the scope.
        name: DeliveryStreamName,
        /// Where records come from.
        source: SourceConfig,
        /// Where they go.
        destination: Box<Destination>,
        /// Tags by key.
        tags: BTreeMap<String, String>,
        /// Where reading starts in each shard that the source stream had at creation: its end at that moment. A shard
        /// that is not here was opened later and is read from its beginning. Empty for DirectPut. Pairs, because an
        /// enum with a tag cannot have numbers as JSON keys.
        starts: Vec<(PartitionId, Offset)>,
    },
    /// Forgets a delivery stream; its partitions are dropped after this command is durable.
    Delete {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: DeliveryStreamName,
    },
    /// Opens a channel with a partition for the checkpoints of each of its streams, in their order:
    /// `PartitionId::opened_by(offset, index)`.
    CreateChannel {
        /// Whose it is.
        scope: Scope,
        /// Its name, free in the scope.
        name: ChannelName,
        /// An id that no other channel has or had.
        id: String,
        /// What it reads.
        streams: Vec<NewChannelStream>,
        /// The role that AWS would read and write with.
        role_arn: String,
        /// Where objects go.
        output: Box<ChannelOutput>,
        /// How long records wait at most.
        freshness_seconds: u32,
        /// Where AWS would write its error log.
        logging: Logging,
        /// Tags by key.
        tags: BTreeMap<String, String>,
    },
    /// Changes what can be changed of a channel; `None` leaves a thing as it is.
    UpdateChannel {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ChannelName,
        /// How long records wait at most.
        freshness_seconds: Option<u32>,
        /// Where AWS would write its error log.
        logging: Option<Logging>,
    },
    /// Adds tags to a channel and takes some away.
    TagChannel {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ChannelName,
        /// Tags to add or change.
        set: BTreeMap<String, String>,
        /// Keys to take away before.
        remove: BTreeSet<String>,
    },
    /// Forgets a channel; its partitions are dropped after this command is durable.
    DeleteChannel {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ChannelName,
    },
}

/// A stream of a new channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChannelStream {
    /// The stream, in the channel's account and region.
    pub name: StreamName,
    /// When it was created.
    pub created: Timestamp,
    /// What its records are.
    pub format: RecordFormat,
    /// Where reading starts in each shard that it has: the end at that moment, as for a delivery stream.
    pub starts: Vec<(PartitionId, Offset)>,
}
