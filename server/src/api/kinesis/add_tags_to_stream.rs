//! AddTagsToStream.

use wire::kinesis::AddTagsToStreamInput;

use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: AddTagsToStreamInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let resource = streams::Resource::Stream(stream.name.clone());
    let tags = input.tags.unwrap_or_default();
    Ok(app.streams.tag(&stream.scope, resource, tags, Default::default()).await?)
}
