//! ListChannels: by name, a page at a time; those of some streams if a filter says so.

use serde::{Deserialize, Serialize};
use types::{ChannelName, Scope, StreamName};
use wire::kinesis::{ListChannelsInput, ListChannelsOutput, StreamFilter};

use super::channel_shapes::summary;
use super::page_token;
use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Default and largest page; the model allows to ask for more and to get less.
const PAGE_MAX: usize = 100;

/// What a page token holds: the filter is that of the first page.
#[derive(Serialize, Deserialize)]
struct After {
    name: ChannelName,
    streams: Option<Vec<Wanted>>,
}

/// A stream of a filter, and in which second it was created if that was said.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Wanted {
    scope: Scope,
    stream: StreamName,
    created_seconds: Option<i64>,
}

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ListChannelsInput,
) -> Result<ListChannelsOutput, ApiError> {
    app.streams.admit_account(&caller.scope, caller.action.operation())?;
    let now = app.clock.now();
    let filter = input.stream_filter.as_ref();
    let filter: Option<Vec<Wanted>> =
        filter.map(|streams| streams.iter().map(|stream| wanted(caller, stream)).collect()).transpose()?;
    let (after, streams) = match &input.next_token {
        None => (None, filter),
        Some(token) => {
            let after: After = page_token::open(token, now, "ListChannels")?;
            if filter.is_some() && filter != after.streams {
                return Err(ApiError::invalid_argument("NextToken was given for another StreamFilter."));
            }
            (Some(after.name), after.streams)
        }
    };
    let limit = input.max_results.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let page = app.delivery.list_channels(&caller.scope, after.as_ref(), limit, |channel| {
        let reads = |wanted: &Wanted| {
            channel.reads(&wanted.scope, &wanted.stream, |created| {
                wanted.created_seconds.is_none_or(|seconds| created.seconds() as i64 == seconds)
            })
        };
        streams.as_ref().is_none_or(|streams| streams.iter().any(reads))
    });
    let last = page.channels.last().filter(|_| page.has_more).map(|channel| channel.name.clone());
    Ok(ListChannelsOutput {
        channel_summaries: Some(page.channels.iter().map(|channel| summary(channel)).collect()),
        next_token: last.map(|name| page_token::seal(After { name, streams }, now)),
    })
}

fn wanted(caller: &Caller, filter: &StreamFilter) -> Result<Wanted, ApiError> {
    let WhichStream { scope, name } = WhichStream::of(caller, None, filter.stream_arn.as_deref())?;
    let created_seconds = filter.stream_creation_timestamp.map(|time| time.0 / 1000);
    Ok(Wanted { scope, stream: name, created_seconds })
}
