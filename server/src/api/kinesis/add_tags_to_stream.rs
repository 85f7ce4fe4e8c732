//! AddTagsToStream.

use wire::kinesis::AddTagsToStreamInput;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(_: &App, _: &Caller, _: AddTagsToStreamInput) -> Result<(), ApiError> {
    Err(ApiError::unknown_operation())
}
