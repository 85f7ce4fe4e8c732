//! GetMetricData.

use wire::cloudwatch::{GetMetricDataInput, GetMetricDataOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: GetMetricDataInput) -> Result<GetMetricDataOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
