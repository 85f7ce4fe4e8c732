//! SubscribeToShard.

use wire::kinesis::{SubscribeToShardInput, SubscribeToShardOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: SubscribeToShardInput) -> Result<SubscribeToShardOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
