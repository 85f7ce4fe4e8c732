//! GetRecords: a page from an iterator.

use streams::Shard;
use types::limits::GET_RECORDS_COUNT_MAX;
use wire::kinesis::{ChildShard, GetRecordsInput, GetRecordsOutput, Record};
use wire::{Blob, Timestamp};

use super::shapes::hash_key_range;
use super::which_stream::{WhichStream, authorize_stream};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: GetRecordsInput) -> Result<GetRecordsOutput, ApiError> {
    let which = input.stream_arn.as_deref().map(|arn| WhichStream::of(caller, None, Some(arn))).transpose()?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(GET_RECORDS_COUNT_MAX);
    let iterator = input.shard_iterator.unwrap_or_default();
    let iterated = app.streams.iterated(&iterator);
    if let Some((stream, _)) = &iterated {
        // Before the read, which uses up what the shard gives in a second.
        authorize_stream(caller, stream)?;
    }
    let call = iterated.map(|(stream, shard)| (app.metrics.call(&stream), shard));
    let page = app.streams.get_records(&iterator, Some(limit)).await;
    if let Some((call, shard)) = call {
        call.get_records(shard, &page);
    }
    let page = page?;

    authorize_stream(caller, &page.stream)?;
    let contradicted = which.is_some_and(|which| which.scope != page.stream.scope || which.name != page.stream.name);
    if contradicted {
        return Err(ApiError::invalid_argument("The ShardIterator was not issued for this stream."));
    }
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    let records = page.records.into_iter().map(record);
    let children: Vec<ChildShard> = page.children.iter().map(child).collect();
    Ok(GetRecordsOutput {
        records: Some(records.collect()),
        next_shard_iterator: page.next_iterator,
        millis_behind_latest: Some(i64::try_from(page.millis_behind_latest).unwrap_or(i64::MAX)),
        child_shards: (!children.is_empty()).then_some(children),
    })
}

/// A record as readers of every kind get it.
pub(super) fn record(record: types::Record) -> Record {
    Record {
        sequence_number: Some(record.sequence_number.to_string()),
        approximate_arrival_timestamp: Some(Timestamp(record.arrival.0 as i64)),
        data: Some(Blob(record.data)),
        partition_key: Some(record.partition_key).filter(|key| !key.is_empty()),
        // As AWS, nothing for a record that is not encrypted.
        encryption_type: record.encrypted.then(|| "KMS".into()),
    }
}

pub(super) fn child(shard: &Shard) -> ChildShard {
    ChildShard {
        shard_id: Some(shard.id.to_string()),
        parent_shards: Some(shard.parents.iter().map(ToString::to_string).collect()),
        hash_key_range: Some(hash_key_range(shard.range)),
    }
}
