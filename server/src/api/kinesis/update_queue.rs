//! UpdateQueue.

use wire::kinesis::{UpdateQueueInput, UpdateQueueOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: UpdateQueueInput) -> Result<UpdateQueueOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
