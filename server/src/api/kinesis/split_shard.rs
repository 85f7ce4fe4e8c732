//! SplitShard: one shard becomes two.

use types::HashKey;
use wire::kinesis::SplitShardInput;

use super::which_stream::{find, shard_id};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: SplitShardInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let shard = shard_id(&stream, input.shard_to_split.as_deref().unwrap_or_default())?;
    let text = input.new_starting_hash_key.unwrap_or_default();
    let at = HashKey::parse(&text).ok_or_else(|| {
        ApiError::invalid_argument(format!("NewStartingHashKey {text} is not a hash key below 2^128."))
    })?;
    Ok(app.streams.split_shard(&stream.scope, &stream.name, shard, at).await?)
}
