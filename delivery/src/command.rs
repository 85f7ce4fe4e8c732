//! The persisted commands of Firehose (version 1), as JSON in the command log.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{DeliveryStreamName, Offset, PartitionId, Scope};

use crate::config::{Destination, SourceConfig};

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
}
