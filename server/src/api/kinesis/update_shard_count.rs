//! UpdateShardCount.

use wire::kinesis::{UpdateShardCountInput, UpdateShardCountOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: UpdateShardCountInput) -> Result<UpdateShardCountOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
