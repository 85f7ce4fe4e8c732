//! DeleteItem.

use wire::dynamodb::{DeleteItemInput, DeleteItemOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: DeleteItemInput) -> Result<DeleteItemOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
