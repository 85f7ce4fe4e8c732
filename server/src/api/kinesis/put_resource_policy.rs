//! PutResourcePolicy.

use wire::kinesis::PutResourcePolicyInput;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: PutResourcePolicyInput) -> Result<(), ApiError> {
    Err(ApiError::unknown_operation())
}
