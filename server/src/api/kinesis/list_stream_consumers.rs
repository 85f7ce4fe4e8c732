//! ListStreamConsumers.

use wire::kinesis::{ListStreamConsumersInput, ListStreamConsumersOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: ListStreamConsumersInput,
) -> Result<ListStreamConsumersOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
