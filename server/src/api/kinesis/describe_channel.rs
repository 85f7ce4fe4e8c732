//! DescribeChannel.

use wire::kinesis::{DescribeChannelInput, DescribeChannelOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: DescribeChannelInput) -> Result<DescribeChannelOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
