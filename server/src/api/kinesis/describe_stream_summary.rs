//! DescribeStreamSummary.

use wire::kinesis::{DescribeStreamSummaryInput, DescribeStreamSummaryOutput, StreamDescriptionSummary};

use super::shapes::{
    creation_time, distribution, encryption, enhanced_monitoring, mode_details, retention_hours, to_count,
    warm_throughput,
};
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeStreamSummaryInput,
) -> Result<DescribeStreamSummaryOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let (encryption_type, key_id) = encryption(&stream);
    let summary = StreamDescriptionSummary {
        stream_name: Some(stream.name.to_string()),
        stream_arn: Some(stream.arn().to_string()),
        stream_status: Some(stream.status.as_str().into()),
        stream_mode_details: Some(mode_details(stream.mode)),
        retention_period_hours: Some(retention_hours(&stream)),
        stream_creation_timestamp: Some(creation_time(&stream)),
        enhanced_monitoring: Some(enhanced_monitoring(&stream)),
        encryption_type,
        key_id,
        open_shard_count: Some(to_count(stream.open_shards().len())),
        consumer_count: Some(to_count(stream.consumers.len())),
        queue_count: Some(to_count(app.streams.queue_count(&stream))),
        warm_throughput: warm_throughput(&stream),
        max_record_size_in_kib: Some(to_count(stream.record_bytes_max >> 10)),
        record_distribution_strategy: distribution(&stream),
        channel_count: Some(to_count(app.delivery.channels_on(&stream.scope, &stream.name))),
        // StreamId is left out for good: an SDK that knows it sends its requests to a host name made from it.
        ..Default::default()
    };
    Ok(DescribeStreamSummaryOutput { stream_description_summary: Some(summary) })
}
