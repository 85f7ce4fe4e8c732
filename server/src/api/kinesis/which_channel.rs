//! How a request names its channel: by ARN.

use std::sync::Arc;

use delivery::Channel;
use streams::Stream;
use types::{Arn, ChannelName, ResourceType, Scope};
use wire::error_code;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// The channel of an ARN, if it exists and the caller may use it. Who may not does not hear whether it exists.
pub(super) fn find(app: &App, caller: &Caller, arn: Option<&str>) -> Result<Arc<Channel>, ApiError> {
    let text = arn.unwrap_or_default();
    let is_channel = |arn: &Arn| arn.resource_type == ResourceType::Channel;
    let parsed = Arn::parse(text).ok().filter(is_channel);
    let named = parsed.and_then(|arn| ChannelName::parse(&arn.name).ok().map(|name| (arn.scope, name)));
    let no_channel = || ApiError::invalid_argument(format!("{text:?} is not the ARN of a channel."));
    let (scope, name) = named.ok_or_else(no_channel)?;
    authorize(caller, &scope, &name)?;
    app.streams.admit_account(&scope, caller.action.operation())?;
    Ok(app.delivery.channel(&scope, &name)?)
}

/// The channel that an ARN of any resource names; `None` if it names no channel.
pub(super) fn find_any(app: &App, caller: &Caller, arn: Option<&str>) -> Result<Option<Arc<Channel>>, ApiError> {
    match arn.and_then(|text| Arn::parse(text).ok()) {
        Some(parsed) if parsed.resource_type == ResourceType::Channel => find(app, caller, arn).map(Some),
        _ => Ok(None),
    }
}

/// Refuses a change that a stream with channels may not have.
pub(super) fn refuse_with_channels(app: &App, stream: &Stream) -> Result<(), ApiError> {
    if app.delivery.channels_on(&stream.scope, &stream.name) == 0 {
        return Ok(());
    }
    let (name, account) = (&stream.name, &stream.scope.account);
    let message = format!("Stream {name} under account {account} has channels; delete them first.");
    Err(ApiError::new(error_code::RESOURCE_IN_USE, message))
}

/// Refuses a caller who may not do this to a channel, whether it exists or not.
pub(super) fn authorize(caller: &Caller, scope: &Scope, name: &ChannelName) -> Result<(), ApiError> {
    let arn = Arn::new(scope, ResourceType::Channel, name.as_str());
    caller.authorize(&arn.to_string(), &scope.account, None)
}
