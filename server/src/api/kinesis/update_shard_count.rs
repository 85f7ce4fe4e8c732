//! UpdateShardCount: an even spread over another number of shards.

use wire::kinesis::{UpdateShardCountInput, UpdateShardCountOutput};

use super::shapes::to_count;
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateShardCountInput,
) -> Result<UpdateShardCountOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    // The model lets no number below one through, and only UNIFORM_SCALING.
    let target = input.target_shard_count.and_then(|count| u32::try_from(count).ok()).unwrap_or(1);
    let scaled = app.streams.update_shard_count(&stream.scope, &stream.name, target).await?;
    Ok(UpdateShardCountOutput {
        stream_name: Some(stream.name.to_string()),
        current_shard_count: Some(to_count(scaled.before as usize)),
        target_shard_count: Some(to_count(scaled.target as usize)),
        stream_arn: Some(stream.arn().to_string()),
    })
}
