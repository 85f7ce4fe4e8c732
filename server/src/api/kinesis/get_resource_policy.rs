//! GetResourcePolicy.

use wire::kinesis::{GetResourcePolicyInput, GetResourcePolicyOutput};

use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: GetResourcePolicyInput,
) -> Result<GetResourcePolicyOutput, ApiError> {
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    let policy = app.streams.policy(&scope, &resource)?.ok_or_else(|| {
        let arn = input.resource_arn.unwrap_or_default();
        ApiError::not_found(format!("No resource policy is attached to {arn}."))
    })?;
    Ok(GetResourcePolicyOutput { policy: Some(policy) })
}
