//! ListStreams and ListShards.

use std::sync::Arc;

use types::{Scope, ShardId, StreamName, Timestamp};

use crate::{Shard, Stream, Streams, StreamsError};

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

impl Streams {
    /// The streams after `after`, at most `limit`.
    pub fn list_streams(&self, _scope: &Scope, _after: Option<&StreamName>, _limit: usize) -> StreamPage {
        unimplemented!()
    }

    /// The shards of a stream that pass the filter, by id.
    pub async fn list_shards(&self, _stream: &Stream, _filter: ShardFilter) -> Result<Vec<Shard>, StreamsError> {
        unimplemented!()
    }
}
