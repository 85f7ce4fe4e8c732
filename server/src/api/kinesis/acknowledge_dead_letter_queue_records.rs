//! AcknowledgeDeadLetterQueueRecords.

use wire::kinesis::{AcknowledgeDeadLetterQueueRecordsInput, AcknowledgeDeadLetterQueueRecordsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: AcknowledgeDeadLetterQueueRecordsInput,
) -> Result<AcknowledgeDeadLetterQueueRecordsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
