//! GetCallerIdentity.

use wire::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: GetCallerIdentityRequest,
) -> Result<GetCallerIdentityResponse, ApiError> {
    Err(ApiError::unknown_operation())
}
