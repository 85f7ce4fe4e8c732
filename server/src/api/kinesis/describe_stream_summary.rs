//! DescribeStreamSummary.

use streams::StreamMode;
use wire::kinesis::{DescribeStreamSummaryInput, DescribeStreamSummaryOutput, StreamDescriptionSummary};

use super::shapes::{
    ACTIVE, NOT_ENCRYPTED, creation_time, mode_details, no_enhanced_monitoring, retention_hours, to_count,
};
use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeStreamSummaryInput,
) -> Result<DescribeStreamSummaryOutput, ApiError> {
    let which = WhichStream::of(caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let stream = app.streams.stream(&which.scope, &which.name)?;
    let on_demand = stream.mode == StreamMode::OnDemand;
    let summary = StreamDescriptionSummary {
        stream_name: Some(stream.name.to_string()),
        stream_arn: Some(stream.arn().to_string()),
        stream_status: Some(ACTIVE.into()),
        stream_mode_details: Some(mode_details(stream.mode)),
        retention_period_hours: Some(retention_hours(&stream)),
        stream_creation_timestamp: Some(creation_time(&stream)),
        enhanced_monitoring: Some(no_enhanced_monitoring()),
        encryption_type: Some(NOT_ENCRYPTED.into()),
        open_shard_count: Some(to_count(app.streams.open_shard_count(&stream))),
        consumer_count: Some(0),
        max_record_size_in_kib: Some(to_count(stream.record_bytes_max >> 10)),
        record_distribution_strategy: on_demand.then(|| "USER_PARTITION_KEY".into()),
        // StreamId is left out for good: an SDK that knows it sends its requests to a host name made from it.
        ..Default::default()
    };
    Ok(DescribeStreamSummaryOutput { stream_description_summary: Some(summary) })
}
