//! SplitShard.

use wire::kinesis::SplitShardInput;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: SplitShardInput) -> Result<(), ApiError> {
    Err(ApiError::unknown_operation())
}
