//! Rates: how much a shard takes and gives a second, how often an account may call. Off unless configured.
//!
//! Owns: the buckets, in memory only: a restart forgives. Refuses: quotas (counts), which stand in commands.

mod bucket;
mod calls;
mod shards;

pub(crate) use calls::Calls;
pub(crate) use shards::ShardThrottle;

use crate::StreamsConfig;

/// All buckets of the service.
#[derive(Debug, Default)]
pub(crate) struct Throttles {
    pub(crate) shards: ShardThrottle,
    pub(crate) calls: Calls,
}

impl Throttles {
    pub(crate) fn new(config: &StreamsConfig) -> Self {
        Self { shards: ShardThrottle::new(config.rates.clone()), calls: Calls::new(config.rates.control_plane) }
    }
}
