//! ListChannels.

use wire::kinesis::{ListChannelsInput, ListChannelsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: ListChannelsInput) -> Result<ListChannelsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
