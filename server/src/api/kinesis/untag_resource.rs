//! UntagResource: by ARN.

use wire::kinesis::UntagResourceInput;

use super::which_channel::find_any;
use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: UntagResourceInput) -> Result<(), ApiError> {
    let keys = input.tag_keys.unwrap_or_default().into_iter().collect();
    if let Some(channel) = find_any(app, caller, input.resource_arn.as_deref())? {
        return Ok(app.delivery.tag_channel(&channel, Default::default(), keys).await?);
    }
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    Ok(app.streams.tag(&scope, resource, Default::default(), keys).await?)
}
