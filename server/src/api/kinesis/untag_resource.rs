//! UntagResource: by ARN.

use wire::kinesis::UntagResourceInput;

use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: UntagResourceInput) -> Result<(), ApiError> {
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    let keys = input.tag_keys.unwrap_or_default().into_iter().collect();
    Ok(app.streams.tag(&scope, resource, Default::default(), keys).await?)
}
