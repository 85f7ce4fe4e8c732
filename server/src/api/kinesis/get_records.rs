//! GetRecords: a page from an iterator.

use streams::Shard;
use types::limits::GET_RECORDS_COUNT_MAX;
use wire::kinesis::{ChildShard, GetRecordsInput};

use super::records::Page;
use super::shapes::hash_key_range;
use super::which_stream::{WhichStream, authorize_stream};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: GetRecordsInput) -> Result<Page, ApiError> {
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
    Ok(Page {
        records: page.records,
        next_iterator: page.next_iterator,
        millis_behind_latest: i64::try_from(page.millis_behind_latest).unwrap_or(i64::MAX),
        children: children(&page.children),
    })
}

/// The shards that continue one that ended; absent where none do.
pub(super) fn children(shards: &[Shard]) -> Option<Vec<ChildShard>> {
    (!shards.is_empty()).then(|| shards.iter().map(child).collect())
}

fn child(shard: &Shard) -> ChildShard {
    ChildShard {
        shard_id: Some(shard.id.to_string()),
        parent_shards: Some(shard.parents.iter().map(ToString::to_string).collect()),
        hash_key_range: Some(hash_key_range(shard.range)),
    }
}
