//! TransactWriteItems.

use wire::dynamodb::{TransactWriteItemsInput, TransactWriteItemsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: TransactWriteItemsInput,
) -> Result<TransactWriteItemsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
