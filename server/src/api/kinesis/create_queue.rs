//! CreateQueue.

use wire::kinesis::{CreateQueueInput, CreateQueueOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: CreateQueueInput) -> Result<CreateQueueOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
