//! Scan.

use wire::dynamodb::{ScanInput, ScanOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: ScanInput) -> Result<ScanOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
