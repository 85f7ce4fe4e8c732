//! UpdateStreamMode: who decides the capacity.

use streams::StreamMode;
use wire::kinesis::UpdateStreamModeInput;

use super::shapes::mode_of;
use super::which_channel::refuse_with_channels;
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: UpdateStreamModeInput) -> Result<(), ApiError> {
    let stream = find(app, caller, None, input.stream_arn.as_deref())?;
    let mode = mode_of(input.stream_mode_details.as_ref());
    if mode == StreamMode::Provisioned {
        refuse_with_channels(app, &stream)?;
    }
    let warm = input.warm_throughput_mibps.and_then(|mibps| u32::try_from(mibps).ok());
    Ok(app.streams.set_mode(&stream.scope, &stream.name, mode, warm).await?)
}
