//! ReceiveDeadLetterQueueRecords.

use wire::kinesis::{ReceiveDeadLetterQueueRecordsInput, ReceiveDeadLetterQueueRecordsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: ReceiveDeadLetterQueueRecordsInput,
) -> Result<ReceiveDeadLetterQueueRecordsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
