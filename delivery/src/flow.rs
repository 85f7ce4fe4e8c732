//! What one worker runs: where records come from, what becomes of them, and where its positions are kept.
//!
//! A delivery stream is one flow, a channel is one for each of its streams; behind this type nothing knows which of
//! them it serves. Owns: the translation of both. Read `worker.rs` next for what runs it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use types::{Arn, DeliveryStreamName, Epoch, Offset, PartitionId, Scope};

use crate::catalog::DeliveryStream;
use crate::channels::{Channel, ChannelOutput, ChannelStream, DeadLetters};
use crate::config::{Compression, SourceConfig, bucket_of};
use crate::framing::Framing;
use crate::keys::{ChannelNames, ObjectKeys, PrefixError};

/// What a channel's keys are made of when it does not say, and those of dead letters behind their prefix.
const CHANNEL_KEY: &str = "!{channel:name}/!{stream:name}/!{timestamp:yyyy/MM/dd/HH}/!{random:uuid}";

/// See the module text.
#[derive(Debug)]
pub(crate) struct Flow {
    /// Whose it is; for logs.
    pub(crate) owner: Arn,
    /// The delivery stream whose statistics are those of the flow, unless it is a channel's.
    pub(crate) delivery_stream: Option<(Scope, DeliveryStreamName)>,
    /// The command that made it.
    pub(crate) epoch: Epoch,
    /// Where records come from.
    pub(crate) source: SourceConfig,
    /// Where reading starts in the shards that the source stream had at creation.
    pub(crate) starts: Vec<(PartitionId, Offset)>,
    /// Where its checkpoints are; no other flow has them, so this names the flow as well.
    pub(crate) checkpoints: PartitionId,
    /// Where records wait that are put directly.
    pub(crate) buffer: Option<PartitionId>,
    /// Where objects go.
    pub(crate) target: Target,
    /// How an object is packed.
    pub(crate) compression: Compression,
    /// An object with that many bytes is full, before it is packed.
    pub(crate) size_bytes: usize,
    /// How long records wait at most; what the flow starts with, because it can be changed.
    pub(crate) interval: Duration,
    /// How records become the body of an object.
    pub(crate) framing: Framing,
    /// What happens to records that the framing refuses.
    pub(crate) dead_letters: Option<Arc<DeadLetters>>,
}

/// A bucket, and how its objects are called.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) bucket: String,
    pub(crate) keys: ObjectKeys,
}

impl Target {
    /// Where the objects of a channel go, and where its dead letters do.
    pub(crate) fn of_channel(output: &ChannelOutput, names: ChannelNames<'_>) -> Result<(Self, Self), PrefixError> {
        let of = |bucket_arn: &str, template: &str, extension| {
            let keys = ObjectKeys::of_template(template, names, extension)?;
            Ok(Self { bucket: bucket_of(bucket_arn).into(), keys })
        };
        let template = output.key_template.as_deref().unwrap_or(CHANNEL_KEY);
        let dead = output.dead_letter_output();
        let dead_template = format!("{}{CHANNEL_KEY}", dead.prefix.unwrap_or_default());
        Ok((
            of(&output.bucket_arn, template, output.compression.extension())?,
            of(&dead.bucket_arn, &dead_template, ".jsonl")?,
        ))
    }
}

impl Flow {
    /// The flow of a delivery stream.
    pub(crate) fn of_delivery_stream(stream: &DeliveryStream) -> Result<Self, PrefixError> {
        let destination = &stream.destination;
        let delimiter = destination.processing.as_ref().and_then(|processing| processing.delimiter());
        let keys = ObjectKeys::new(stream.name.as_str(), destination)?;
        Ok(Self {
            owner: stream.arn(),
            delivery_stream: Some((stream.scope.clone(), stream.name.clone())),
            epoch: stream.epoch,
            source: stream.source.clone(),
            starts: stream.starts.clone(),
            checkpoints: stream.checkpoints,
            buffer: Some(stream.buffer),
            target: Target { bucket: destination.bucket().into(), keys },
            compression: destination.compression,
            size_bytes: (destination.buffering.size_mb as usize) << 20,
            interval: Duration::from_secs(destination.buffering.interval_seconds.into()),
            framing: Framing::Delimited(delimiter.unwrap_or_default()),
            dead_letters: None,
        })
    }

    /// The flows of a channel, in the order of its streams.
    pub(crate) fn of_channel(channel: &Channel) -> Result<Vec<Self>, PrefixError> {
        let flow = |stream: &ChannelStream| {
            let names = ChannelNames { channel: channel.name.as_str(), stream: stream.name.as_str() };
            let (target, dead) = Target::of_channel(&channel.output, names)?;
            let source = SourceConfig::Stream {
                scope: channel.scope.clone(),
                stream: stream.name.clone(),
                role_arn: channel.role_arn.clone(),
            };
            Ok(Self {
                owner: channel.arn(),
                delivery_stream: None,
                epoch: channel.epoch,
                source,
                starts: stream.starts.clone(),
                checkpoints: stream.checkpoints,
                buffer: None,
                target,
                compression: channel.output.compression,
                size_bytes: Channel::OBJECT_BYTES_MAX,
                interval: channel.freshness(),
                framing: Framing::Format(stream.format),
                dead_letters: Some(Arc::new(DeadLetters::new(channel, stream, dead))),
            })
        };
        channel.streams.iter().map(flow).collect()
    }
}

/// Whose it is and what it reads, for logs.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.owner)?;
        match (&self.delivery_stream, &self.source) {
            (None, SourceConfig::Stream { stream, .. }) => write!(f, " of {stream}"),
            _ => Ok(()),
        }
    }
}
