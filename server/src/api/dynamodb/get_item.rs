//! GetItem.

use wire::dynamodb::{GetItemInput, GetItemOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: GetItemInput) -> Result<GetItemOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
