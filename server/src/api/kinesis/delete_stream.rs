//! DeleteStream.

use wire::kinesis::DeleteStreamInput;

use super::which_channel::refuse_with_channels;
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteStreamInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    refuse_with_channels(app, &stream)?;
    let with_consumers = input.enforce_consumer_deletion == Some(true);
    Ok(app.streams.delete_stream(&stream.scope, &stream.name, with_consumers).await?)
}
