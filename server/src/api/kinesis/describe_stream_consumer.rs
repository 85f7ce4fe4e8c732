//! DescribeStreamConsumer.

use wire::kinesis::{DescribeStreamConsumerInput, DescribeStreamConsumerOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: DescribeStreamConsumerInput,
) -> Result<DescribeStreamConsumerOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
