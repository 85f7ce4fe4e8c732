//! MergeShards: two neighbours become one shard.

use wire::kinesis::MergeShardsInput;

use super::which_stream::{find, shard_id};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: MergeShardsInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let shard = shard_id(&stream, input.shard_to_merge.as_deref().unwrap_or_default())?;
    let adjacent = shard_id(&stream, input.adjacent_shard_to_merge.as_deref().unwrap_or_default())?;
    Ok(app.streams.merge_shards(&stream.scope, &stream.name, shard, adjacent).await?)
}
