//! CreateStream.

use streams::{CreateStream, StreamMode};
use wire::kinesis::CreateStreamInput;

use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: CreateStreamInput) -> Result<(), ApiError> {
    let name = WhichStream::of(caller, input.stream_name.as_deref(), None)?.name;
    let mode = match input.stream_mode_details.and_then(|details| details.stream_mode).as_deref() {
        Some("ON_DEMAND") => StreamMode::OnDemand,
        _ => StreamMode::Provisioned,
    };
    if input.record_distribution_strategy.as_deref() == Some("AUTO") {
        return Err(ApiError::invalid_argument("RecordDistributionStrategy AUTO is not supported."));
    }
    if input.warm_throughput_mibps.is_some() {
        return Err(ApiError::invalid_argument("WarmThroughputMiBps is not supported."));
    }
    let request = CreateStream {
        name,
        mode,
        // The model lets no number below one through.
        shard_count: input.shard_count.and_then(|count| u32::try_from(count).ok()),
        record_bytes_max: input.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok()).map(|kib| kib << 10),
        tags: input.tags.unwrap_or_default(),
    };
    Ok(app.streams.create_stream(&caller.scope, request).await?)
}
