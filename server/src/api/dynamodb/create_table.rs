//! CreateTable.

use wire::dynamodb::{CreateTableInput, CreateTableOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: CreateTableInput) -> Result<CreateTableOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
