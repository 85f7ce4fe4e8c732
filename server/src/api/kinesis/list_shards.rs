//! ListShards: filtered shards, a page at a time; the token carries the stream's incarnation and the filter.

use serde::{Deserialize, Serialize};
use streams::ShardFilter;
use types::limits::LIST_SHARDS_PAGE_MAX;
use types::{Epoch, Scope, ShardId, StreamName, Timestamp};
use wire::kinesis::{ListShardsInput, ListShardsOutput};

use super::page_token;
use super::shapes::{creation_time, shard};
use super::which_stream::{WhichStream, lenient_shard_id};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// What to list, as the first request says it and every token repeats it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    scope: Scope,
    name: StreamName,
    /// The incarnation that the first page showed; `None` on the first page.
    epoch: Option<Epoch>,
    filter: Filter,
    /// Only shards whose ids are above this text.
    after: Option<String>,
}

/// `ShardFilter` with the model's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Filter {
    All,
    AfterShard(ShardId),
    AtTrimHorizon,
    AtLatest,
    AtTime(Timestamp),
    FromTime(Timestamp),
}

pub(crate) async fn handle(app: &App, caller: &Caller, input: ListShardsInput) -> Result<ListShardsOutput, ApiError> {
    let now = app.clock.now();
    let listing = match &input.next_token {
        Some(token) => continued(caller, token, &input, now)?,
        None => first(caller, &input)?,
    };
    let which = WhichStream { scope: listing.scope.clone(), name: listing.name.clone() };
    let stream = which.find(app, caller)?;
    if !stream.serves() {
        let (name, account, status) = (&stream.name, &stream.scope.account, stream.status.as_str());
        let message = format!("Stream {name} under account {account} not ACTIVE, instead in state {status}");
        return Err(ApiError::new(wire::error_code::RESOURCE_IN_USE, message));
    }
    let created = input.stream_creation_timestamp;
    let other_incarnation = listing.epoch.is_some_and(|epoch| epoch != stream.epoch)
        || created.is_some_and(|asked| asked.0.div_euclid(1000) != creation_time(&stream).0.div_euclid(1000));
    if other_incarnation {
        let account = &listing.scope.account;
        let message = format!("Stream {} under account {account} is not the one that was asked for.", listing.name);
        return Err(ApiError::not_found(message));
    }

    let mut shards = app.streams.list_shards(&stream, listing.filter.into());
    if let Some(after) = &listing.after {
        // Ids have one length, so the order of their texts is that of their numbers.
        shards.retain(|shard| shard.id.to_string() > *after);
    }
    let limit = input.max_results.and_then(|max| usize::try_from(max).ok()).unwrap_or(LIST_SHARDS_PAGE_MAX);
    let limit = limit.min(LIST_SHARDS_PAGE_MAX);
    let has_more = shards.len() > limit;
    shards.truncate(limit);
    let last = shards.last().filter(|_| has_more).map(|shard| shard.id.to_string());
    let next_token =
        last.map(|last| page_token::seal(Listing { epoch: Some(stream.epoch), after: Some(last), ..listing }, now));
    Ok(ListShardsOutput { shards: Some(shards.iter().map(shard).collect()), next_token })
}

fn first(caller: &Caller, input: &ListShardsInput) -> Result<Listing, ApiError> {
    if input.stream_name.is_none() && input.stream_arn.is_none() {
        return Err(ApiError::invalid_argument("Either NextToken or StreamName should be provided."));
    }
    let which = WhichStream::of(caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let filter = input.shard_filter.as_ref().map_or(Ok(Filter::All), Filter::read)?;
    let after = input.exclusive_start_shard_id.clone();
    Ok(Listing { scope: which.scope, name: which.name, epoch: None, filter, after })
}

/// A token says all that a first request does, so nothing of that may come with it again.
fn continued(caller: &Caller, token: &str, input: &ListShardsInput, now: Timestamp) -> Result<Listing, ApiError> {
    let again = [
        ("StreamName", input.stream_name.is_some()),
        ("StreamCreationTimestamp", input.stream_creation_timestamp.is_some()),
        ("ExclusiveStartShardId", input.exclusive_start_shard_id.is_some()),
        ("ShardFilter", input.shard_filter.is_some()),
    ];
    if let Some((name, _)) = again.into_iter().find(|(_, given)| *given) {
        return Err(ApiError::invalid_argument(format!("NextToken and {name} cannot be provided together.")));
    }
    let listing: Listing = page_token::open(token, now, "ListShards")?;
    if let Some(arn) = &input.stream_arn {
        let which = WhichStream::of(caller, None, Some(arn))?;
        if which.scope != listing.scope || which.name != listing.name {
            return Err(ApiError::invalid_argument("NextToken was given for another stream than StreamARN names."));
        }
    }
    Ok(listing)
}

impl Filter {
    /// Reads the filter; a type needs its own property and takes no other's.
    fn read(filter: &wire::kinesis::ShardFilter) -> Result<Self, ApiError> {
        let kind = filter.r#type.as_deref().unwrap_or_default();
        let invalid = |what: &str| ApiError::invalid_argument(format!("ShardFilter of type {kind} {what}."));
        let (wants_shard, wants_time) = (kind == "AFTER_SHARD_ID", matches!(kind, "AT_TIMESTAMP" | "FROM_TIMESTAMP"));
        if filter.shard_id.is_some() != wants_shard {
            return Err(invalid(if wants_shard { "needs ShardId" } else { "takes no ShardId" }));
        }
        if filter.timestamp.is_some() != wants_time {
            return Err(invalid(if wants_time { "needs Timestamp" } else { "takes no Timestamp" }));
        }
        let time = Timestamp(filter.timestamp.map_or(0, |time| u64::try_from(time.0).unwrap_or(0)));
        match kind {
            "AFTER_SHARD_ID" => {
                let id = filter.shard_id.as_deref().and_then(lenient_shard_id);
                id.map(Self::AfterShard).ok_or_else(|| invalid("has a ShardId that no shard can have"))
            }
            "AT_TRIM_HORIZON" => Ok(Self::AtTrimHorizon),
            "AT_LATEST" => Ok(Self::AtLatest),
            "AT_TIMESTAMP" => Ok(Self::AtTime(time)),
            "FROM_TIMESTAMP" => Ok(Self::FromTime(time)),
            // FROM_TRIM_HORIZON: the model lets nothing else through.
            _ => Ok(Self::All),
        }
    }
}

impl From<Filter> for ShardFilter {
    fn from(filter: Filter) -> Self {
        match filter {
            Filter::All => Self::All,
            Filter::AfterShard(id) => Self::AfterShard(id),
            Filter::AtTrimHorizon => Self::AtTrimHorizon,
            Filter::AtLatest => Self::AtLatest,
            Filter::AtTime(time) => Self::AtTime(time),
            Filter::FromTime(time) => Self::FromTime(time),
        }
    }
}
