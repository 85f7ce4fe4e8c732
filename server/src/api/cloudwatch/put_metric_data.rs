//! PutMetricData.

use wire::cloudwatch::PutMetricDataInput;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: PutMetricDataInput) -> Result<(), ApiError> {
    Err(ApiError::unknown_operation())
}
