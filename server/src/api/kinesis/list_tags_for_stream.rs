//! ListTagsForStream: a page of tags by key.

use std::ops::Bound;

use wire::kinesis::{ListTagsForStreamInput, ListTagsForStreamOutput};

use super::shapes::tag_list;
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Default and largest page (API reference).
const PAGE_MAX: usize = 50;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ListTagsForStreamInput,
) -> Result<ListTagsForStreamOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX);
    let after = input.exclusive_start_tag_key.map_or(Bound::Unbounded, Bound::Excluded);
    let mut rest = stream.tags.range((after, Bound::Unbounded)).map(|(key, value)| (key.clone(), value.clone()));
    let page = rest.by_ref().take(limit).collect();
    Ok(ListTagsForStreamOutput { tags: Some(tag_list(page)), has_more_tags: Some(rest.next().is_some()) })
}
