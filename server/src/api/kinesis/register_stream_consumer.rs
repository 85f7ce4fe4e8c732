//! RegisterStreamConsumer.

use wire::kinesis::{RegisterStreamConsumerInput, RegisterStreamConsumerOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: RegisterStreamConsumerInput,
) -> Result<RegisterStreamConsumerOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
