//! TagResource: by ARN.

use wire::kinesis::TagResourceInput;

use super::which_channel::find_any;
use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: TagResourceInput) -> Result<(), ApiError> {
    if let Some(channel) = find_any(app, caller, input.resource_arn.as_deref())? {
        let tags = input.tags.unwrap_or_default();
        return Ok(app.delivery.tag_channel(&channel, tags, Default::default()).await?);
    }
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    Ok(app.streams.tag(&scope, resource, input.tags.unwrap_or_default(), Default::default()).await?)
}
