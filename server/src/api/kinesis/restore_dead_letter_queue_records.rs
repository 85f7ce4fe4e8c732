//! RestoreDeadLetterQueueRecords.

use wire::kinesis::{RestoreDeadLetterQueueRecordsInput, RestoreDeadLetterQueueRecordsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: RestoreDeadLetterQueueRecordsInput,
) -> Result<RestoreDeadLetterQueueRecordsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
