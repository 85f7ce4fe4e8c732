//! A queue as the catalog holds it, and the commands that change it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{Arn, Epoch, Offset, PartitionId, QueueName, ResourceType, Scope, ShardId, Timestamp};

use crate::command::StreamRef;

/// What a queue is doing (model shape `QueueStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum QueueStatus {
    /// It delivers nothing yet.
    Creating,
    /// It delivers.
    Active,
    /// It delivers, and a change is under way.
    Updating,
    /// It is about to be gone.
    Deleting,
}

impl QueueStatus {
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

/// Where a queue starts in the shards that are there when it is created; it reads later ones from their beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueStart {
    /// The oldest retained record.
    TrimHorizon,
    /// After the newest record.
    #[default]
    Latest,
    /// The first record that arrived then or later.
    AtTimestamp(Timestamp),
}

/// How a queue delivers (model shape `QueueAttributes`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueAttributes {
    /// How long a received record is hidden from other receivers, unless a receipt says otherwise.
    pub visibility_seconds: u32,
    /// After how many receipts a record that nobody acknowledged becomes a dead letter; `None`: never.
    pub receives_max: Option<u32>,
}

impl Default for QueueAttributes {
    /// Those of AWS: 30 seconds, six receipts.
    fn default() -> Self {
        Self { visibility_seconds: 30, receives_max: Some(6) }
    }
}

/// The attributes that a request changes; what it does not name stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueChange {
    /// The visibility timeout.
    pub visibility_seconds: Option<u32>,
    /// When records become dead letters; `Some(None)`: never.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "dead_letters")]
    pub receives_max: Option<Option<u32>>,
}

impl QueueChange {
    /// The attributes after the change.
    pub(crate) fn over(self, before: QueueAttributes) -> QueueAttributes {
        QueueAttributes {
            visibility_seconds: self.visibility_seconds.unwrap_or(before.visibility_seconds),
            receives_max: self.receives_max.unwrap_or(before.receives_max),
        }
    }
}

/// JSON has one null: that a field is there, and null, must not be read as its absence.
mod dead_letters {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Option<Option<u32>>, to: S) -> Result<S::Ok, S::Error> {
        value.flatten().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<u32>>, D::Error> {
        Option::<u32>::deserialize(from).map(Some)
    }
}

/// One incarnation of a queue; a new queue under an old name has another epoch and other receipt handles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: QueueName,
    /// The command that created it.
    pub epoch: Epoch,
    /// When it was created.
    pub created: Timestamp,
    /// What it is doing.
    pub status: QueueStatus,
    /// How it delivers.
    pub attributes: QueueAttributes,
    /// What it was asked to start with.
    pub start: QueueStart,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Who else may receive from it, as the policy's JSON.
    pub policy: Option<String>,
    /// The stream whose records it delivers.
    pub(crate) stream: StreamRef,
    /// Where it starts in the shards that were there when it was created; others from their beginning.
    pub(crate) offsets: BTreeMap<ShardId, Offset>,
    /// The partition that holds what was received and acknowledged.
    pub(crate) journal: PartitionId,
}

impl Queue {
    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new(&self.scope, ResourceType::Queue, self.name.as_str())
    }

    /// The ARN of its stream.
    pub fn stream_arn(&self) -> Arn {
        Arn::new(&self.stream.scope, ResourceType::Stream, self.stream.name.as_str())
    }

    /// Whether records can be received and acknowledged.
    pub fn serves(&self) -> bool {
        matches!(self.status, QueueStatus::Active | QueueStatus::Updating)
    }

    /// How long a received record is hidden unless a receipt says otherwise.
    pub(crate) fn visibility(&self) -> Duration {
        Duration::from_secs(u64::from(self.attributes.visibility_seconds))
    }
}

/// One incarnation of a queue, as commands name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueRef {
    pub(crate) scope: Scope,
    pub(crate) name: QueueName,
    pub(crate) epoch: Epoch,
}

impl QueueRef {
    pub(crate) fn to(queue: &Queue) -> Self {
        Self { scope: queue.scope.clone(), name: queue.name.clone(), epoch: queue.epoch }
    }
}

/// One change of the queues in the catalog, stored as JSON under `{"queue": …}`. `settle` as in `StreamCommand`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum QueueCommand {
    /// Opens a queue; its journal is the partition `PartitionId::opened_by(offset, 0)` of this command.
    Create {
        scope: Scope,
        name: QueueName,
        stream: StreamRef,
        start: QueueStart,
        offsets: BTreeMap<ShardId, Offset>,
        attributes: QueueAttributes,
        tags: BTreeMap<String, String>,
        consumers_max: Option<u32>,
        transitions_max: Option<u32>,
        settle: bool,
    },
    /// Changes attributes; they hold at once.
    Update {
        #[serde(flatten)]
        of: QueueRef,
        change: QueueChange,
        settle: bool,
    },
    /// Deletes a queue with its receipts and dead letters.
    Delete {
        #[serde(flatten)]
        of: QueueRef,
        transitions_max: Option<u32>,
        settle: bool,
    },
    /// Ends CREATING, UPDATING or DELETING.
    Settle {
        #[serde(flatten)]
        of: QueueRef,
    },
}
