//! UpdateStreamWarmThroughput: capacity that an on-demand stream keeps ready.

use wire::kinesis::{UpdateStreamWarmThroughputInput, UpdateStreamWarmThroughputOutput};

use super::shapes::warm_throughput;
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateStreamWarmThroughputInput,
) -> Result<UpdateStreamWarmThroughputOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let mibps = input.warm_throughput_mibps.and_then(|mibps| u32::try_from(mibps).ok()).unwrap_or(0);
    app.streams.set_warm_throughput(&stream.scope, &stream.name, mibps).await?;
    let now = app.streams.stream(&stream.scope, &stream.name)?;
    Ok(UpdateStreamWarmThroughputOutput {
        stream_arn: Some(stream.arn().to_string()),
        stream_name: Some(stream.name.to_string()),
        warm_throughput: warm_throughput(&now),
    })
}
