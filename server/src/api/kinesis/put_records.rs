//! PutRecords: a batch whose records succeed or fail one by one, while a wrong record refuses the whole.

use streams::{Distribution, Placed, PutEntry, PutFailure};
use wire::error_code;
use wire::kinesis::{PutRecordsInput, PutRecordsOutput, PutRecordsRequestEntry, PutRecordsResultEntry};

use super::shapes::{encryption_of_puts, to_count};
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: PutRecordsInput) -> Result<PutRecordsOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let records = input.records.unwrap_or_default();
    if stream.distribution == Distribution::UserPartitionKey {
        check_partition_keys(&records)?;
    }
    let entries = records.into_iter().map(|record| PutEntry {
        partition_key: record.partition_key,
        explicit_hash_key: record.explicit_hash_key,
        data: record.data.unwrap_or_default().0,
    });
    let entries: Vec<_> = entries.collect();
    if input.dry_run == Some(true) {
        app.streams.check_records(&stream.scope, &stream.name, entries)?;
        return Err(ApiError::dry_run());
    }
    let (call, sizes) = (app.metrics.call(&stream), entries.iter().map(PutEntry::size).collect::<Vec<_>>());
    let results = app.streams.put_records(&stream.scope, &stream.name, entries).await;
    call.put_records(&sizes, &results);
    let results = results?;
    let failed = results.iter().filter(|result| result.is_err()).count();
    Ok(PutRecordsOutput {
        failed_record_count: Some(to_count(failed)),
        records: Some(results.into_iter().map(result_entry).collect()),
        encryption_type: encryption_of_puts(&stream),
    })
}

/// Optional in the model for streams that distribute records themselves; these ones route by the key.
fn check_partition_keys(records: &[PutRecordsRequestEntry]) -> Result<(), ApiError> {
    let missing = records.iter().enumerate().filter(|(_, record)| record.partition_key.is_none());
    let paths = missing.map(|(index, _)| format!("records.{}.member.partitionKey", index + 1));
    wire::must_not_be_null(paths).map_or(Ok(()), |message| Err(ApiError::validation(message)))
}

fn result_entry(result: Result<Placed, PutFailure>) -> PutRecordsResultEntry {
    let failed = |code: &str, message| PutRecordsResultEntry {
        error_code: Some(code.into()),
        error_message: Some(message),
        ..Default::default()
    };
    match result {
        Ok(placed) => PutRecordsResultEntry {
            sequence_number: Some(placed.sequence_number.to_string()),
            shard_id: Some(placed.shard.to_string()),
            ..Default::default()
        },
        Err(PutFailure::Throttled { message, .. }) => failed(error_code::PROVISIONED_THROUGHPUT_EXCEEDED, message),
        Err(PutFailure::Internal(message)) => failed(error_code::INTERNAL_FAILURE, message),
    }
}
