//! ListTagsForStream.

use wire::kinesis::{ListTagsForStreamInput, ListTagsForStreamOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: ListTagsForStreamInput,
) -> Result<ListTagsForStreamOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
