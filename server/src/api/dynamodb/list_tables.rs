//! ListTables.

use wire::dynamodb::{ListTablesInput, ListTablesOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: ListTablesInput) -> Result<ListTablesOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
