//! What a delivery stream is created with, kept whole so that DescribeDeliveryStream gives it back.
//!
//! The types say only what is built; whatever else AWS knows (other destinations, other processors, format conversion)
//! is refused where requests are read, so it cannot get lost on the way here. Read [`crate::validate`] for the rules.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{Arn, DeliveryStreamName, ResourceType, Scope, StreamName};

/// What CreateDeliveryStream asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateDeliveryStream {
    /// The name, free in the scope.
    pub name: DeliveryStreamName,
    /// Where records come from.
    pub source: SourceConfig,
    /// Where they go.
    pub destination: Destination,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// Where records come from (model shape `DeliveryStreamType`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SourceConfig {
    /// PutRecord and PutRecordBatch.
    DirectPut {
        /// What the user expects to put, in MB/s; it changes nothing.
        throughput_hint_mb: Option<u32>,
    },
    /// Every shard of a stream, from the moment of creation on.
    Stream {
        /// Whose stream.
        scope: Scope,
        /// The stream.
        stream: StreamName,
        /// The role that AWS would read it with.
        role_arn: String,
    },
}

impl SourceConfig {
    /// The ARN of the source stream, if records come from one.
    pub fn stream_arn(&self) -> Option<Arn> {
        match self {
            Self::DirectPut { .. } => None,
            Self::Stream { scope, stream, .. } => Some(Arn::new(scope, ResourceType::Stream, stream.as_str())),
        }
    }
}

/// A bucket and how objects are made for it (model shape `ExtendedS3DestinationConfiguration`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// The role that AWS would write with.
    pub role_arn: String,
    /// `arn:aws:s3:::BUCKET`.
    pub bucket_arn: String,
    /// What keys start with, with `!{…}` expressions; `None` is `yyyy/MM/dd/HH/`.
    pub prefix: Option<String>,
    /// The same for records that could not be processed.
    pub error_prefix: Option<String>,
    /// When an object is closed.
    pub buffering: BufferingHints,
    /// How the body is packed.
    pub compression: Compression,
    /// Replaces the ending that the compression would give.
    pub file_extension: Option<String>,
    /// The zone of the times in keys; `None` is UTC.
    pub time_zone: Option<String>,
    /// Where AWS would write its error log; kept, not used.
    pub logging: Option<Logging>,
    /// What happens to records before they are buffered.
    pub processing: Option<Processing>,
}

impl Destination {
    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        bucket_of(&self.bucket_arn)
    }
}

/// The name of a bucket, the end of its ARN.
pub(crate) fn bucket_of(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

impl Compression {
    /// How the key of an object ends that is packed so.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Uncompressed => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
        }
    }
}

/// An object is closed when either is reached; size counts before compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BufferingHints {
    /// In MiB, 1 to 128.
    pub size_mb: u32,
    /// Since the object's first record, 0 to 900; 0 delivers within about a second.
    pub interval_seconds: u32,
}

impl Default for BufferingHints {
    /// 5 MiB or 300 s (model shape `BufferingHints`).
    fn default() -> Self {
        Self { size_mb: 5, interval_seconds: 300 }
    }
}

/// How the body of an object is packed (the part of model shapes `CompressionFormat` and `S3CompressionType` that is
/// built).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// Not at all.
    #[default]
    Uncompressed,
    /// One GZIP member per object; keys end in `.gz`.
    Gzip,
    /// One Zstandard frame per object; keys end in `.zst`. Channels only.
    Zstd,
}

/// Where AWS would write its error log (model shape `CloudWatchLoggingOptions`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logging {
    /// Whether it is on.
    pub enabled: bool,
    /// The log group.
    pub group: Option<String>,
    /// The log stream in it.
    pub stream: Option<String>,
}

/// What happens to records before they are buffered (the part of model shape `ProcessingConfiguration` that is built).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Processing {
    /// Whether it is on.
    pub enabled: bool,
    /// The one processor that is built.
    pub append_delimiter: Option<AppendDelimiter>,
}

/// The processor `AppendDelimiterToRecord`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppendDelimiter {
    /// The delimiter as it was given, in which `\n` is written as two characters; `None` is a newline.
    pub delimiter: Option<String>,
}

impl Processing {
    /// The bytes that follow each record, if any.
    pub(crate) fn delimiter(&self) -> Option<Vec<u8>> {
        let processor = self.append_delimiter.as_ref().filter(|_| self.enabled)?;
        let text = processor.delimiter.as_deref().unwrap_or("\\n");
        Some(text.replace("\\n", "\n").replace("\\r", "\r").replace("\\t", "\t").into_bytes())
    }
}
