//! UpdateStreamWarmThroughput.

use wire::kinesis::{UpdateStreamWarmThroughputInput, UpdateStreamWarmThroughputOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: UpdateStreamWarmThroughputInput,
) -> Result<UpdateStreamWarmThroughputOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
