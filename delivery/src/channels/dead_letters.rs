//! Records that are not what their format says, as lines of JSON beside the objects.
//!
//! A line holds the record itself, so that nothing is lost, and why it is there. A record that was taken out of an
//! aggregate bears the sequence number of the aggregate.

use serde::Serialize;
use types::{Arn, Record, ResourceType};

use super::{Channel, ChannelStream};
use crate::flow::Target;
use crate::framing::Misfit;

/// See the module text.
#[derive(Debug)]
pub(crate) struct DeadLetters {
    pub(crate) target: Target,
    channel: String,
    stream: String,
}

/// A line (version 1); fields are only ever added.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    #[serde(rename = "channelARN")]
    channel_arn: &'a str,
    #[serde(rename = "streamARN")]
    stream_arn: &'a str,
    sequence_number: String,
    partition_key: &'a str,
    /// In milliseconds since 1970.
    arrival_timestamp: u64,
    error_code: &'a str,
    error_message: String,
    /// The record in base64.
    raw_data: String,
}

impl DeadLetters {
    /// The dead letters of a stream of a channel, which go there.
    pub(crate) fn new(channel: &Channel, stream: &ChannelStream, target: Target) -> Self {
        Self {
            target,
            channel: channel.arn().to_string(),
            stream: Arn::new(&channel.scope, ResourceType::Stream, stream.name.as_str()).to_string(),
        }
    }

    /// Appends a line about `payload`, which is `record` or was in it.
    pub(crate) fn append(&self, lines: &mut Vec<u8>, record: &Record, payload: &[u8], misfit: Misfit) {
        let line = Line {
            channel_arn: &self.channel,
            stream_arn: &self.stream,
            sequence_number: record.sequence_number.to_string(),
            partition_key: &record.partition_key,
            arrival_timestamp: record.arrival.0,
            error_code: misfit.code(),
            error_message: misfit.to_string(),
            raw_data: base64_simd::STANDARD.encode_to_string(payload),
        };
        serde_json::to_writer(&mut *lines, &line).expect("texts and numbers always have a JSON form");
        lines.push(b'\n');
    }
}
