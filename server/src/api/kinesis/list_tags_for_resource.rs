//! ListTagsForResource: all tags, by ARN.

use wire::kinesis::{ListTagsForResourceInput, ListTagsForResourceOutput};

use super::shapes::tag_list;
use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ListTagsForResourceInput,
) -> Result<ListTagsForResourceOutput, ApiError> {
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    Ok(ListTagsForResourceOutput { tags: Some(tag_list(app.streams.tags(&scope, &resource)?)) })
}
