//! ListTagsForResource.

use wire::kinesis::{ListTagsForResourceInput, ListTagsForResourceOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    _: &App,
    _: &Caller,
    _: ListTagsForResourceInput,
) -> Result<ListTagsForResourceOutput, ApiError> {
    Err(ApiError::unknown_operation())
}
