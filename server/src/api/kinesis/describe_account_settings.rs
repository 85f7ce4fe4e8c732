//! DescribeAccountSettings.

use wire::kinesis::{DescribeAccountSettingsInput, DescribeAccountSettingsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: DescribeAccountSettingsInput,
) -> Result<DescribeAccountSettingsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
