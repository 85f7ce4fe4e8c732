//! ListTagsForResource: all tags, by ARN.

use wire::kinesis::{ListTagsForResourceInput, ListTagsForResourceOutput};

use super::shapes::tag_list;
use super::which_channel::find_any;
use super::which_stream::find_resource;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ListTagsForResourceInput,
) -> Result<ListTagsForResourceOutput, ApiError> {
    if let Some(channel) = find_any(app, caller, input.resource_arn.as_deref())? {
        return Ok(ListTagsForResourceOutput { tags: Some(tag_list(channel.tags.clone())) });
    }
    let (scope, resource) = find_resource(app, caller, input.resource_arn.as_deref())?;
    Ok(ListTagsForResourceOutput { tags: Some(tag_list(app.streams.tags(&scope, &resource)?)) })
}
