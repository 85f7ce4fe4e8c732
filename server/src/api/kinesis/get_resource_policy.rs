//! GetResourcePolicy.

use wire::kinesis::{GetResourcePolicyInput, GetResourcePolicyOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: GetResourcePolicyInput,
) -> Result<GetResourcePolicyOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
