//! DescribeContinuousBackups.

use wire::dynamodb::{DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: DescribeContinuousBackupsInput,
) -> Result<DescribeContinuousBackupsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
