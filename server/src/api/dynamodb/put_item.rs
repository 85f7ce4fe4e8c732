//! PutItem.

use wire::dynamodb::{PutItemInput, PutItemOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: PutItemInput) -> Result<PutItemOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
