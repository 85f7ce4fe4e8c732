//! PutRecord.

use bytes::Bytes;
use streams::{Distribution, PutEntry, PutFailure};
use types::SequenceNumber;
use wire::kinesis::{PutRecordInput, PutRecordOutput};
use wire::puts::{self, Puts};
use wire::{Codec, error_code};

use super::put_records::entry;
use super::shapes::encryption_of_puts;
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// The input, in one pass where the body is a usual one.
pub(crate) fn read(codec: Codec, body: &Bytes) -> Result<Puts, ApiError> {
    match puts::of_record(codec, body) {
        Some(puts) => Ok(puts),
        None => crate::api::input::<PutRecordInput>(codec, body).map(Puts::from),
    }
}

pub(crate) async fn handle(app: &App, caller: &Caller, input: Puts) -> Result<PutRecordOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let entries: Vec<PutEntry> = input.records.into_iter().map(entry).collect();
    // Optional in the model for streams that distribute records themselves.
    let keyless = entries.iter().any(|entry| entry.partition_key.is_none());
    if keyless && stream.distribution == Distribution::UserPartitionKey {
        let message = wire::must_not_be_null(["partitionKey".to_owned()]);
        return Err(ApiError::validation(message.unwrap_or_default()));
    }
    // A number made in the stream is below the next one of its shard already; what is left to check is that it is one.
    if let Some(text) = &input.sequence_number_for_ordering {
        let number = SequenceNumber::parse(text);
        let known = number.is_some_and(|number| stream.shards.iter().any(|shard| shard.epoch == number.epoch()));
        if !known {
            return Err(ApiError::invalid_argument(format!(
                "ExclusiveMinimumSequenceNumber {text} used in PutRecord on stream {} under account {} is invalid.",
                stream.name, stream.scope.account
            )));
        }
    }
    if input.dry_run {
        app.streams.check_records(&stream.scope, &stream.name, entries)?;
        return Err(ApiError::dry_run());
    }
    let (call, bytes) = (app.metrics.call(&stream), entries.iter().map(PutEntry::size).sum());
    let placed = app.streams.put_records(&stream.scope, &stream.name, entries).await;
    call.put_record(bytes, &placed);
    match placed?.into_iter().next() {
        Some(Ok(placed)) => Ok(PutRecordOutput {
            shard_id: Some(placed.shard.to_string()),
            sequence_number: Some(placed.sequence_number.to_string()),
            encryption_type: encryption_of_puts(&stream),
        }),
        Some(Err(PutFailure::Throttled { message, .. })) => {
            Err(ApiError::new(error_code::PROVISIONED_THROUGHPUT_EXCEEDED, message))
        }
        Some(Err(PutFailure::Internal(message))) => Err(ApiError::new(error_code::INTERNAL_FAILURE, message)),
        None => Err(ApiError::new(error_code::INTERNAL_FAILURE, "The record was not placed.")),
    }
}
