//! DeleteStream.

use wire::error_code;
use wire::kinesis::DeleteStreamInput;

use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteStreamInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    if app.delivery.channels_on(&stream.scope, &stream.name) > 0 {
        let (name, account) = (&stream.name, &stream.scope.account);
        let message = format!("Stream {name} under account {account} has channels; delete them first.");
        return Err(ApiError::new(error_code::RESOURCE_IN_USE, message));
    }
    let with_consumers = input.enforce_consumer_deletion == Some(true);
    Ok(app.streams.delete_stream(&stream.scope, &stream.name, with_consumers).await?)
}
