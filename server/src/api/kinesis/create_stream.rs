//! CreateStream.

use streams::CreateStream;
use wire::kinesis::CreateStreamInput;

use super::shapes::{distribution_of, mode_of};
use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: CreateStreamInput) -> Result<(), ApiError> {
    let which = WhichStream::of(caller, input.stream_name.as_deref(), None)?;
    which.authorize_unmade(caller)?;
    let request = CreateStream {
        name: which.name,
        mode: mode_of(input.stream_mode_details.as_ref()),
        // The model lets no number below one through.
        shard_count: input.shard_count.and_then(|count| u32::try_from(count).ok()),
        record_bytes_max: input.max_record_size_in_kib.and_then(|kib| usize::try_from(kib).ok()).map(|kib| kib << 10),
        tags: input.tags.unwrap_or_default(),
        warm_mibps: input.warm_throughput_mibps.and_then(|mibps| u32::try_from(mibps).ok()),
        distribution: distribution_of(input.record_distribution_strategy.as_deref()),
    };
    Ok(app.streams.create_stream(&caller.scope, request).await?)
}
