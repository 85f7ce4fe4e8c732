//! SubscribeToShard.

use wire::kinesis::SubscribeToShardInput;

use crate::api::Events;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: SubscribeToShardInput) -> Result<Events, ApiError> {
    Err(ApiError::unknown_operation())
}
