//! SplitShard: one shard becomes two.

use types::HashKey;
use wire::kinesis::SplitShardInput;

use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: SplitShardInput) -> Result<(), ApiError> {
    let which = WhichStream::of(caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let shard = which.shard_id(input.shard_to_split.as_deref())?;
    let stream = which.find_counted(app, caller)?;
    let text = input.new_starting_hash_key.unwrap_or_default();
    let at = HashKey::parse(&text).ok_or_else(|| {
        // The pattern lets numbers through that are no hash keys, which no shard's range holds.
        match stream.open_shards().find(|open| open.id == shard) {
            Some(shard) => ApiError::invalid_argument(stream.not_splitting(shard, &text)),
            None => ApiError::invalid_argument(format!("NewStartingHashKey {text} is not a hash key below 2^128.")),
        }
    })?;
    Ok(app.streams.split_shard(&stream.scope, &stream.name, shard, at).await?)
}
