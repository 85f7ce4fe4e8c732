//! DescribeTable.

use wire::dynamodb::{DescribeTableInput, DescribeTableOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: DescribeTableInput) -> Result<DescribeTableOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
