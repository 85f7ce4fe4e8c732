//! GetMetricStatistics.

use wire::cloudwatch::{GetMetricStatisticsInput, GetMetricStatisticsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
