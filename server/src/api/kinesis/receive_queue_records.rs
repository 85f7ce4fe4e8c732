//! ReceiveQueueRecords.

use wire::kinesis::{ReceiveQueueRecordsInput, ReceiveQueueRecordsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: ReceiveQueueRecordsInput,
) -> Result<ReceiveQueueRecordsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
