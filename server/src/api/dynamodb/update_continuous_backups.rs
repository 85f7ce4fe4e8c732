//! UpdateContinuousBackups.

use wire::dynamodb::{UpdateContinuousBackupsInput, UpdateContinuousBackupsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: UpdateContinuousBackupsInput,
) -> Result<UpdateContinuousBackupsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
