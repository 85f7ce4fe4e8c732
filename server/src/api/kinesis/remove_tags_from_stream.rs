//! RemoveTagsFromStream.

use wire::kinesis::RemoveTagsFromStreamInput;

use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: RemoveTagsFromStreamInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let resource = streams::Resource::Stream(stream.name.clone());
    let keys = input.tag_keys.unwrap_or_default().into_iter().collect();
    Ok(app.streams.tag(&stream.scope, resource, Default::default(), keys).await?)
}
