//! UntagResource.

use wire::kinesis::UntagResourceInput;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: UntagResourceInput) -> Result<(), ApiError> {
    Err(ApiError::unknown_operation())
}
