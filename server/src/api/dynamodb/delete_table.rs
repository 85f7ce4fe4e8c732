//! DeleteTable.

use wire::dynamodb::{DeleteTableInput, DeleteTableOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: DeleteTableInput) -> Result<DeleteTableOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
