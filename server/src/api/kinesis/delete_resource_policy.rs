//! DeleteResourcePolicy.

use wire::kinesis::DeleteResourcePolicyInput;

use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteResourcePolicyInput) -> Result<(), ApiError> {
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    Ok(app.streams.set_policy(&scope, resource, None).await?)
}
