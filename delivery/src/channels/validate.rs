//! What CreateChannel and UpdateChannel refuse, beyond the shapes that requests are checked against.

use std::collections::BTreeSet;

use types::Scope;

use super::CreateChannel;
use crate::error::DeliveryError;
use crate::flow::Target;
use crate::keys::ChannelNames;
use crate::validate::{check_bucket, check_logging, invalid};

/// Range of DataFreshnessInSeconds, which the model leaves open: from Firehose's shortest wait that is one to an hour.
const FRESHNESS_SECONDS: std::ops::RangeInclusive<u32> = 1..=3600;
/// Streams of one channel: each holds memory for an object.
const STREAMS_MAX: usize = 50;

/// Refuses what could not be served as it was asked for.
pub(super) fn check(scope: &Scope, request: &CreateChannel) -> Result<(), DeliveryError> {
    if request.streams.is_empty() || request.streams.len() > STREAMS_MAX {
        return invalid(format!("StreamConfigurationList must name 1 to {STREAMS_MAX} streams."));
    }
    let mut seen = BTreeSet::new();
    for source in &request.streams {
        if source.scope != *scope {
            return invalid(format!("Stream {} must be in the account and region of the channel.", source.stream));
        }
        if !seen.insert(&source.stream) {
            return invalid(format!("StreamConfigurationList names stream {} twice.", source.stream));
        }
        let names = ChannelNames { channel: request.name.as_str(), stream: source.stream.as_str() };
        if let Err(error) = Target::of_channel(&request.output, names) {
            return invalid(error.to_string());
        }
    }
    streams::check_tags(&request.tags)?;
    check_bucket(&request.output.bucket_arn)?;
    check_bucket(&request.output.dead_letter_output().bucket_arn)?;
    if let Some(seconds) = request.freshness_seconds {
        check_freshness(seconds)?;
    }
    check_logging(&request.logging)
}

pub(super) fn check_freshness(seconds: u32) -> Result<(), DeliveryError> {
    if FRESHNESS_SECONDS.contains(&seconds) {
        return Ok(());
    }
    let (least, most) = (FRESHNESS_SECONDS.start(), FRESHNESS_SECONDS.end());
    invalid(format!("DataFreshnessInSeconds must be between {least} and {most}."))
}
