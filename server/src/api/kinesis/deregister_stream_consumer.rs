//! DeregisterStreamConsumer.

use wire::kinesis::DeregisterStreamConsumerInput;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: DeregisterStreamConsumerInput) -> Result<(), ApiError> {
    Err(ApiError::unknown_operation())
}
