//! MergeShards: two neighbours become one shard.

use wire::kinesis::MergeShardsInput;

use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: MergeShardsInput) -> Result<(), ApiError> {
    let which = WhichStream::of(caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let shard = which.shard_id(input.shard_to_merge.as_deref())?;
    let adjacent = which.shard_id(input.adjacent_shard_to_merge.as_deref())?;
    let stream = which.find_counted(app, caller)?;
    Ok(app.streams.merge_shards(&stream.scope, &stream.name, shard, adjacent).await?)
}
