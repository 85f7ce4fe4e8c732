//! PutRecords: a batch whose records succeed or fail one by one, while a wrong record refuses the whole.

use bytes::Bytes;
use streams::{Distribution, Placed, PutEntry, PutFailure};
use wire::kinesis::PutRecordsInput;
use wire::puts::{self, Put, Puts};
use wire::{Codec, Encode, Encoder, error_code};

use super::shapes::{encryption_of_puts, to_count};
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// The input, in one pass where the body is a usual one.
pub(crate) fn read(codec: Codec, body: &Bytes) -> Result<Puts, ApiError> {
    match puts::of_records(codec, body) {
        Some(puts) => Ok(puts),
        None => crate::api::input::<PutRecordsInput>(codec, body).map(Puts::from),
    }
}

pub(crate) async fn handle(app: &App, caller: &Caller, input: Puts) -> Result<Output, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    if stream.distribution == Distribution::UserPartitionKey {
        check_partition_keys(&input.records)?;
    }
    let entries: Vec<PutEntry> = input.records.into_iter().map(entry).collect();
    if input.dry_run {
        app.streams.check_records(&stream.scope, &stream.name, entries)?;
        return Err(ApiError::dry_run());
    }
    let (call, sizes) = (app.metrics.call(&stream), entries.iter().map(PutEntry::size).collect::<Vec<_>>());
    let results = app.streams.put_records(&stream.scope, &stream.name, entries).await;
    call.put_records(&sizes, &results);
    Ok(Output { results: results?, encryption_type: encryption_of_puts(&stream) })
}

pub(super) fn entry(record: Put) -> PutEntry {
    let Put { data, partition_key, explicit_hash_key } = record;
    PutEntry { partition_key, explicit_hash_key, data }
}

/// Optional in the model for streams that distribute records themselves; these ones route by the key.
fn check_partition_keys(records: &[Put]) -> Result<(), ApiError> {
    let missing = records.iter().enumerate().filter(|(_, record)| record.partition_key.is_none());
    let paths = missing.map(|(index, _)| format!("records.{}.member.partitionKey", index + 1));
    wire::must_not_be_null(paths).map_or(Ok(()), |message| Err(ApiError::validation(message)))
}

/// What [`wire::kinesis::PutRecordsOutput`] says, written without making its texts first.
#[derive(Debug)]
pub(crate) struct Output {
    results: Vec<Result<Placed, PutFailure>>,
    encryption_type: Option<String>,
}

impl Encode for Output {
    fn encode(&self, out: &mut dyn Encoder) {
        out.begin_structure("PutRecordsOutput");
        if let Some(encryption_type) = &self.encryption_type {
            text(out, "EncryptionType", encryption_type);
        }
        let failed = self.results.iter().filter(|result| result.is_err()).count();
        out.member("FailedRecordCount");
        out.integer(to_count(failed).into());
        out.member("Records");
        out.begin_list();
        for result in &self.results {
            out.element();
            out.begin_structure("PutRecordsResultEntry");
            match result {
                Ok(placed) => {
                    text(out, "SequenceNumber", ascii(&placed.sequence_number.digits()));
                    text(out, "ShardId", ascii(&placed.shard.text()));
                }
                Err(PutFailure::Throttled { message, .. }) => {
                    text(out, "ErrorCode", error_code::PROVISIONED_THROUGHPUT_EXCEEDED);
                    text(out, "ErrorMessage", message);
                }
                Err(PutFailure::Internal(message)) => {
                    text(out, "ErrorCode", error_code::INTERNAL_FAILURE);
                    text(out, "ErrorMessage", message);
                }
            }
            out.end_structure();
        }
        out.end_list();
        out.end_structure();
    }
}

fn text(out: &mut dyn Encoder, name: &'static str, value: &str) {
    out.member(name);
    out.string(value);
}

/// Digits and letters as text.
pub(super) fn ascii(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("digits and letters are text")
}
