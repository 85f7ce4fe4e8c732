//! PutResourcePolicy: who else may use a resource.

use streams::Resource;
use wire::kinesis::PutResourcePolicyInput;

use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::auth::policy::{self, ResourceKind};
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: PutResourcePolicyInput) -> Result<(), ApiError> {
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    let (policy, arn) = (input.policy.unwrap_or_default(), input.resource_arn.unwrap_or_default());
    let kind = match resource {
        Resource::Stream(_) => ResourceKind::Stream,
        Resource::Consumer { .. } => ResourceKind::Consumer,
        Resource::Queue(_) => ResourceKind::Queue,
    };
    policy::validate(&policy, kind, &arn).map_err(ApiError::invalid_argument)?;
    Ok(app.streams.set_policy(&scope, resource, Some(policy)).await?)
}
