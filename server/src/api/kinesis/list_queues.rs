//! ListQueues: by name, a page at a time, of all streams or of some.

use serde::{Deserialize, Serialize};
use streams::Queue;
use types::QueueName;
use wire::kinesis::{ListQueuesInput, ListQueuesOutput, QueueStreamFilter, QueueStreamIdentifier, QueueSummary};

use super::page_token;
use super::{shapes, which_queue};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Default page (API reference).
const PAGE_DEFAULT: usize = 100;

/// What a page token holds: the next page is of the same streams.
#[derive(Serialize, Deserialize)]
struct After {
    name: QueueName,
    filter: Vec<(String, Option<i64>)>,
}

pub(crate) async fn handle(app: &App, caller: &Caller, input: ListQueuesInput) -> Result<ListQueuesOutput, ApiError> {
    let now = app.clock.now();
    let limit = input.max_results.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_DEFAULT);
    let given: Vec<_> = input.stream_filter.unwrap_or_default().into_iter().map(filter).collect();
    let (filter, after) = match &input.next_token {
        None => (given, None),
        Some(token) => {
            let After { name, filter } = page_token::open(token, now, "ListQueues")?;
            if !given.is_empty() && given != filter {
                return Err(ApiError::invalid_argument("NextToken was given for another StreamFilter."));
            }
            (filter, Some(name))
        }
    };
    let is_wanted = |queue: &Queue| filter.is_empty() || filter.iter().any(|wanted| is_of(app, queue, wanted));
    let page = app.streams.list_queues(&caller.scope, after.as_ref(), limit, is_wanted);
    let next = page.queues.last().filter(|_| page.has_more).map(|last| last.name.clone());
    let summaries = page.queues.iter().map(|queue| summary(app, queue));
    Ok(ListQueuesOutput {
        queue_summaries: Some(summaries.collect()),
        next_token: next.map(|name| page_token::seal(After { name, filter: filter.clone() }, now)),
    })
}

fn filter(filter: QueueStreamFilter) -> (String, Option<i64>) {
    (filter.stream_arn.unwrap_or_default(), filter.stream_creation_timestamp.map(|time| time.0 / 1000))
}

/// Whether a queue reads that stream, and that incarnation if a time says which.
fn is_of(app: &App, queue: &Queue, (arn, created): &(String, Option<i64>)) -> bool {
    queue.stream_arn().to_string() == *arn
        && created.is_none_or(|created| stream_creation(app, queue).is_some_and(|time| time.0 / 1000 == created))
}

fn stream_creation(app: &App, queue: &Queue) -> Option<wire::Timestamp> {
    app.streams.stream_of_queue(queue).ok().map(|stream| shapes::creation_time(&stream))
}

fn summary(app: &App, queue: &Queue) -> QueueSummary {
    QueueSummary {
        queue_name: Some(queue.name.to_string()),
        queue_arn: Some(queue.arn().to_string()),
        queue_status: Some(queue.status.as_str().into()),
        queue_creation_timestamp: Some(which_queue::creation_time(queue)),
        streams: Some(vec![QueueStreamIdentifier {
            stream_arn: Some(queue.stream_arn().to_string()),
            stream_creation_timestamp: stream_creation(app, queue),
        }]),
    }
}
