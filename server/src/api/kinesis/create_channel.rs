//! CreateChannel.

use wire::kinesis::{CreateChannelInput, CreateChannelOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: CreateChannelInput) -> Result<CreateChannelOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
