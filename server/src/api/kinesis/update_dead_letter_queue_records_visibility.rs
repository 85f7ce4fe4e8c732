//! UpdateDeadLetterQueueRecordsVisibility.

use wire::kinesis::{UpdateDeadLetterQueueRecordsVisibilityInput, UpdateDeadLetterQueueRecordsVisibilityOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: UpdateDeadLetterQueueRecordsVisibilityInput,
) -> Result<UpdateDeadLetterQueueRecordsVisibilityOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
