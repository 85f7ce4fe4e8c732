//! ListStreams: names in order, a page at a time.

use types::StreamName;
use types::limits::LIST_STREAMS_PAGE_DEFAULT;
use wire::kinesis::{ListStreamsInput, ListStreamsOutput, StreamSummary};

use super::page_token;
use super::shapes::{creation_time, mode_details};
use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: ListStreamsInput) -> Result<ListStreamsOutput, ApiError> {
    let now = app.clock.now();
    let after: Option<StreamName> = match (&input.next_token, &input.exclusive_start_stream_name) {
        (Some(token), _) => Some(page_token::open(token, now, "ListStreams")?),
        (None, Some(name)) => Some(WhichStream::of(caller, Some(name), None)?.name),
        (None, None) => None,
    };
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIST_STREAMS_PAGE_DEFAULT);
    let page = app.streams.list_streams(&caller.scope, after.as_ref(), limit.min(LIST_STREAMS_PAGE_DEFAULT));
    let last = page.streams.last().filter(|_| page.has_more).map(|stream| stream.name.clone());
    let summaries = page.streams.iter().map(|stream| StreamSummary {
        stream_name: Some(stream.name.to_string()),
        stream_arn: Some(stream.arn().to_string()),
        stream_status: Some(stream.status.as_str().into()),
        stream_mode_details: Some(mode_details(stream.mode)),
        stream_creation_timestamp: Some(creation_time(stream)),
    });
    Ok(ListStreamsOutput {
        stream_names: Some(page.streams.iter().map(|stream| stream.name.to_string()).collect()),
        stream_summaries: Some(summaries.collect()),
        has_more_streams: Some(page.has_more),
        next_token: last.map(|name| page_token::seal(name, now)),
    })
}
