//! UpdateStreamRecordDistributionStrategy.

use wire::kinesis::UpdateStreamRecordDistributionStrategyInput;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: UpdateStreamRecordDistributionStrategyInput,
) -> Result<(), ApiError> {
    Err(ApiError::unknown_operation())
}
