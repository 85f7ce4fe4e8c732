//! AcknowledgeQueueRecords.

use wire::kinesis::{AcknowledgeQueueRecordsInput, AcknowledgeQueueRecordsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: AcknowledgeQueueRecordsInput,
) -> Result<AcknowledgeQueueRecordsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
