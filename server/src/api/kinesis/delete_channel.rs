//! DeleteChannel.

use wire::kinesis::DeleteChannelInput;

use super::which_channel::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteChannelInput) -> Result<(), ApiError> {
    let channel = find(app, caller, input.channel_arn.as_deref())?;
    Ok(app.delivery.delete_channel(&channel.scope, &channel.name).await?)
}
