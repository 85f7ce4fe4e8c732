//! UpdateItem.

use wire::dynamodb::{UpdateItemInput, UpdateItemOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: UpdateItemInput) -> Result<UpdateItemOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
