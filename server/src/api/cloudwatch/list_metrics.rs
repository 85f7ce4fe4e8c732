//! ListMetrics.

use wire::cloudwatch::{ListMetricsInput, ListMetricsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: ListMetricsInput) -> Result<ListMetricsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
