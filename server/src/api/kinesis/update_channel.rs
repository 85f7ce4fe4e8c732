//! UpdateChannel.

use wire::kinesis::{UpdateChannelInput, UpdateChannelOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: UpdateChannelInput) -> Result<UpdateChannelOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
