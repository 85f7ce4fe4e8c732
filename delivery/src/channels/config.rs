//! What a channel is created with, kept whole so that DescribeChannel gives it back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{Arn, ChannelName, Epoch, Offset, PartitionId, ResourceType, Scope, StreamName, Timestamp};

use crate::config::{Compression, Logging};

/// What CreateChannel asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateChannel {
    /// The name, free in the scope.
    pub name: ChannelName,
    /// What it reads, each stream once.
    pub streams: Vec<ChannelSource>,
    /// The role that AWS would read and write with.
    pub role_arn: String,
    /// Where objects go.
    pub output: ChannelOutput,
    /// How long records wait at most; `None` is 300 s.
    pub freshness_seconds: Option<u32>,
    /// Where AWS would write its error log.
    pub logging: Logging,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// What UpdateChannel asks for; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateChannel {
    /// How long records wait at most.
    pub freshness_seconds: Option<u32>,
    /// Where AWS would write its error log.
    pub logging: Option<Logging>,
}

/// A stream that a new channel will read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSource {
    /// Whose stream.
    pub scope: Scope,
    /// The stream.
    pub stream: StreamName,
    /// What its records are.
    pub format: RecordFormat,
}

/// What the records of a stream are (the part of model shape `RecordFormatType` that is built).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordFormat {
    /// JSON values; each becomes a line.
    Json,
    /// UTF-8 text; each becomes a line.
    String,
    /// Any bytes; each follows its length in four bytes, the highest first.
    ByteArray,
}

/// A bucket and how objects are made for it (model shape `S3StorageConfiguration`), and where dead letters go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelOutput {
    /// `arn:aws:s3:::BUCKET`.
    pub bucket_arn: String,
    /// The account that AWS would insist on; kept, not used.
    pub bucket_owner: String,
    /// What keys are made of; `None` is channel, stream, hour and a UUID.
    pub key_template: Option<String>,
    /// Kept, not used.
    pub storage_class: Option<StorageClass>,
    /// How objects are packed.
    pub compression: Compression,
    /// Where records go that are not what their format says; `None` is `errors/` in the same bucket.
    pub dead_letters: Option<DeadLetterOutput>,
}

/// How S3 would keep an object (model shape `S3StorageClass`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageClass {
    /// `STANDARD`
    Standard,
    /// `INTELLIGENT_TIERING`
    IntelligentTiering,
    /// `GLACIER_IR`
    GlacierIr,
}

/// A bucket for dead letters (model shape `DeadLetterQueueS3Configuration`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterOutput {
    /// `arn:aws:s3:::BUCKET`.
    pub bucket_arn: String,
    /// The account that AWS would insist on; kept, not used.
    pub bucket_owner: String,
    /// What keys start with; `None` is [`Self::PREFIX`].
    pub prefix: Option<String>,
}

impl DeadLetterOutput {
    /// What keys of dead letters start with when nothing else is said.
    pub const PREFIX: &'static str = "errors/";
}

impl ChannelOutput {
    /// Where dead letters go: every channel has such a place, as the model's description of one says.
    pub fn dead_letter_output(&self) -> DeadLetterOutput {
        let given = self.dead_letters.clone().unwrap_or_else(|| DeadLetterOutput {
            bucket_arn: self.bucket_arn.clone(),
            bucket_owner: self.bucket_owner.clone(),
            prefix: None,
        });
        DeadLetterOutput { prefix: given.prefix.or_else(|| Some(DeadLetterOutput::PREFIX.into())), ..given }
    }
}

/// One incarnation of a channel. Stored in snapshots as JSON: no field is renamed, and new ones have a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: ChannelName,
    /// An id that no other channel has or had.
    pub id: String,
    /// The command that created it.
    pub epoch: Epoch,
    /// When it was created.
    pub created: Timestamp,
    /// What it reads.
    pub streams: Vec<ChannelStream>,
    /// The role that AWS would read and write with.
    pub role_arn: String,
    /// Where objects go.
    pub output: ChannelOutput,
    /// How long records wait at most.
    pub freshness_seconds: u32,
    /// Where AWS would write its error log; kept, not used.
    pub logging: Logging,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// A stream that a channel reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelStream {
    /// The stream, in the channel's account and region.
    pub name: StreamName,
    /// When it was created.
    pub created: Timestamp,
    /// What its records are.
    pub format: RecordFormat,
    /// Where reading starts in the shards that it had when the channel was created.
    pub(crate) starts: Vec<(PartitionId, Offset)>,
    /// Where the checkpoints for it are.
    pub(crate) checkpoints: PartitionId,
}

impl Channel {
    /// Seconds that records wait at most, if nothing is said (API reference, `DataFreshnessInSeconds`).
    pub const FRESHNESS_SECONDS: u32 = 300;
    /// Channels per account and region, a number that AWS does not publish.
    pub const COUNT_MAX: usize = 1000;
    /// An object with that many bytes is full: what a channel holds in memory for each of its streams at most.
    pub(crate) const OBJECT_BYTES_MAX: usize = 16 << 20;

    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new(&self.scope, ResourceType::Channel, self.name.as_str())
    }

    /// How long records wait at most.
    pub(crate) fn freshness(&self) -> Duration {
        Duration::from_secs(self.freshness_seconds.into())
    }

    /// Whether it reads that stream, and the stream that it reads was created at such a time.
    pub fn reads(&self, scope: &Scope, stream: &StreamName, is_created: impl Fn(Timestamp) -> bool) -> bool {
        self.scope == *scope && self.streams.iter().any(|read| read.name == *stream && is_created(read.created))
    }
}
