//! ListStreamConsumers: by name, a page at a time.

use std::ops::Bound;

use serde::{Deserialize, Serialize};
use types::ConsumerName;
use wire::kinesis::{ListStreamConsumersInput, ListStreamConsumersOutput};

use super::page_token;
use super::shapes::{consumer, is_created};
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Default and largest page (API reference).
const PAGE_MAX: usize = 100;

/// What a page token holds.
#[derive(Serialize, Deserialize)]
struct After {
    stream: String,
    name: ConsumerName,
}

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ListStreamConsumersInput,
) -> Result<ListStreamConsumersOutput, ApiError> {
    let stream = find(app, caller, None, input.stream_arn.as_deref())?;
    let now = app.clock.now();
    if let Some(time) = input.stream_creation_timestamp {
        if input.next_token.is_some() {
            return Err(ApiError::invalid_argument("NextToken and StreamCreationTimestamp cannot be given together."));
        }
        is_created(&stream, time)?;
    }
    let after = match &input.next_token {
        None => Bound::Unbounded,
        Some(token) => {
            let after: After = page_token::open(token, now, "ListStreamConsumers")?;
            if after.stream != stream.arn().to_string() {
                return Err(ApiError::invalid_argument("NextToken was given for another stream."));
            }
            Bound::Excluded(after.name)
        }
    };
    let limit = input.max_results.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX).min(PAGE_MAX);
    let mut rest = stream.consumers.range((after, Bound::Unbounded)).map(|(_, found)| found);
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let last = page.last().filter(|_| rest.next().is_some()).map(|found| found.name.clone());
    Ok(ListStreamConsumersOutput {
        consumers: Some(page.iter().map(|found| consumer(&stream, found)).collect()),
        next_token: last.map(|name| page_token::seal(After { stream: stream.arn().to_string(), name }, now)),
    })
}
