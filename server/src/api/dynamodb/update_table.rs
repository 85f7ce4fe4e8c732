//! UpdateTable.

use wire::dynamodb::{UpdateTableInput, UpdateTableOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: UpdateTableInput) -> Result<UpdateTableOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
