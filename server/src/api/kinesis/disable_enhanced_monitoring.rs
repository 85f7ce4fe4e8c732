//! DisableEnhancedMonitoring.

use wire::kinesis::{DisableEnhancedMonitoringInput, EnhancedMonitoringOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: DisableEnhancedMonitoringInput,
) -> Result<EnhancedMonitoringOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
