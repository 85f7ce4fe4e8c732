//! ListQueues.

use wire::kinesis::{ListQueuesInput, ListQueuesOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: ListQueuesInput) -> Result<ListQueuesOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
