//! DescribeLimits.

use wire::kinesis::{DescribeLimitsInput, DescribeLimitsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: DescribeLimitsInput) -> Result<DescribeLimitsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
