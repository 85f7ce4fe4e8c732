//! UpdateAccountSettings.

use wire::kinesis::{UpdateAccountSettingsInput, UpdateAccountSettingsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: UpdateAccountSettingsInput,
) -> Result<UpdateAccountSettingsOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
