//! DescribeQueue.

use wire::kinesis::{DescribeQueueInput, DescribeQueueOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: DescribeQueueInput) -> Result<DescribeQueueOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
