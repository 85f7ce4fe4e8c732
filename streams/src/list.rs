//! ListStreams and ListShards.

use std::ops::Bound;
use std::sync::Arc;

use types::{Scope, ShardId, StreamName, Timestamp};

use crate::{Quotas, Shard, Stream, StreamMode, StreamStatus, Streams};

/// A page of streams, in order of name.
#[derive(Debug, Clone)]
pub struct StreamPage {
    /// The streams.
    pub streams: Vec<Arc<Stream>>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

/// Which shards ListShards shows (model shape `ShardFilterType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardFilter {
    /// All that are not expired: FROM_TRIM_HORIZON, and no filter.
    All,
    /// Those above an id.
    AfterShard(ShardId),
    /// Those open at the oldest retained record.
    AtTrimHorizon,
    /// Those open now.
    AtLatest,
    /// Those open at a time.
    AtTime(Timestamp),
    /// Those open at a time or opened later.
    FromTime(Timestamp),
}

/// What an account uses of its quotas in a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Open shards of all streams.
    pub open_shards: usize,
    /// Streams in on-demand mode.
    pub on_demand_streams: usize,
}

impl Streams {
    /// The streams after `after`, at most `limit`.
    pub fn list_streams(&self, scope: &Scope, after: Option<&StreamName>, limit: usize) -> StreamPage {
        let state = self.parts.catalog.current();
        let from = match after {
            Some(name) => Bound::Excluded((scope.clone(), name.clone())),
            None => Bound::Included((scope.clone(), first_name())),
        };
        let mut rest = state.by_name().range((from, Bound::Unbounded)).take_while(|((owner, _), _)| owner == scope);
        let streams = rest.by_ref().take(limit).map(|(_, stream)| stream.clone()).collect();
        StreamPage { streams, has_more: rest.next().is_some() }
    }

    /// What an account uses of its quotas in a region.
    pub fn usage(&self, scope: &Scope) -> Usage {
        let state = self.parts.catalog.current();
        let on_demand = state.of_scope(scope).filter(|stream| stream.mode == StreamMode::OnDemand);
        Usage {
            on_demand_streams: on_demand.count(),
            open_shards: state.of_scope(scope).map(|stream| stream.open.len()).sum(),
        }
    }

    /// The quotas in force.
    pub fn quotas(&self) -> &Quotas {
        &self.parts.config.quotas
    }

    /// The shards of a stream that pass the filter, by id. Closed shards whose last record is older than the stream's
    /// retention are expired and never shown; a time before the oldest retained record means that record.
    pub fn list_shards(&self, stream: &Stream, filter: ShardFilter) -> Vec<Shard> {
        let horizon = stream.oldest(self.parts.clock.now()).max(stream.created);
        if stream.status == StreamStatus::Creating {
            // AWS shows no shards before the stream is ACTIVE.
            return Vec::new();
        }
        let shown = |shard: &&Shard| {
            let closed = shard.closed.map(|closed| closed.at);
            let open_at = |time: Timestamp| shard.opened <= time && closed.is_none_or(|end| end >= time);
            let expired = closed.is_some_and(|end| end < horizon);
            !expired
                && match filter {
                    ShardFilter::All => true,
                    ShardFilter::AfterShard(id) => shard.id > id,
                    ShardFilter::AtTrimHorizon => open_at(horizon),
                    ShardFilter::AtLatest => closed.is_none(),
                    ShardFilter::AtTime(time) => open_at(time.max(horizon)),
                    ShardFilter::FromTime(time) => closed.is_none_or(|end| end >= time.max(horizon)),
                }
        };
        stream.shards.iter().filter(shown).cloned().collect()
    }
}

/// A name that no name is before: `-` is the lowest character of the pattern.
fn first_name() -> StreamName {
    StreamName::parse("-").expect("a dash alone fits the pattern")
}
