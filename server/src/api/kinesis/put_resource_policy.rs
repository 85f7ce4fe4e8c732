//! PutResourcePolicy: who else may use a resource.

use wire::kinesis::PutResourcePolicyInput;

use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: PutResourcePolicyInput) -> Result<(), ApiError> {
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    let policy = input.policy.unwrap_or_default();
    Ok(app.streams.set_policy(&scope, resource, Some(policy)).await?)
}
