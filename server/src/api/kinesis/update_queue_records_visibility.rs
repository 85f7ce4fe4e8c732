//! UpdateQueueRecordsVisibility.

use wire::kinesis::{UpdateQueueRecordsVisibilityInput, UpdateQueueRecordsVisibilityOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: UpdateQueueRecordsVisibilityInput,
) -> Result<UpdateQueueRecordsVisibilityOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
