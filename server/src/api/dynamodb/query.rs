//! Query.

use wire::dynamodb::{QueryInput, QueryOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: QueryInput) -> Result<QueryOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
