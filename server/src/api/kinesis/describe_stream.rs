//! DescribeStream: a page of shards with the stream's settings.

use streams::ShardFilter;
use types::limits::DESCRIBE_STREAM_PAGE_MAX;
use wire::kinesis::{DescribeStreamInput, DescribeStreamOutput, StreamDescription};

use super::shapes::{creation_time, encryption, enhanced_monitoring, mode_details, retention_hours, shard};
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeStreamInput,
) -> Result<DescribeStreamOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(DESCRIBE_STREAM_PAGE_MAX);
    let limit = limit.min(DESCRIBE_STREAM_PAGE_MAX);

    let mut shards = app.streams.list_shards(&stream, ShardFilter::All);
    if let Some(after) = &input.exclusive_start_shard_id {
        // Ids have one length, so the order of their texts is that of their numbers.
        shards.retain(|shard| shard.id.to_string() > *after);
    }
    let has_more_shards = shards.len() > limit;
    shards.truncate(limit);

    let (encryption_type, key_id) = encryption(&stream);
    let description = StreamDescription {
        stream_name: Some(stream.name.to_string()),
        stream_arn: Some(stream.arn().to_string()),
        stream_status: Some(stream.status.as_str().into()),
        stream_mode_details: Some(mode_details(stream.mode)),
        shards: Some(shards.iter().map(shard).collect()),
        has_more_shards: Some(has_more_shards),
        retention_period_hours: Some(retention_hours(&stream)),
        stream_creation_timestamp: Some(creation_time(&stream)),
        enhanced_monitoring: Some(enhanced_monitoring(&stream)),
        encryption_type,
        key_id,
    };
    Ok(DescribeStreamOutput { stream_description: Some(description) })
}
