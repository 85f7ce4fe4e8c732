//! How Data Streams behaves where AWS leaves no choice and a self-hosted server does.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Settings of the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamsConfig {
    /// How long CREATING, UPDATING and DELETING last. Zero: a control operation is answered when its work is done, and
    /// the state in between is not seen.
    pub transition: Duration,
    /// Counts that an account or stream may not pass.
    pub quotas: Quotas,
    /// Rates that a shard, consumer or account may not pass.
    pub rates: Rates,
}

/// Rates that a shard, consumer or account may not pass, each in units a second; `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Data and partition keys put to a shard, in bytes.
    pub write_bytes_per_shard: Option<u64>,
    /// Records put to a shard.
    pub write_records_per_shard: Option<u64>,
    /// Bytes that GetRecords returns from a shard.
    pub read_bytes_per_shard: Option<u64>,
    /// Calls of GetRecords on a shard.
    pub read_calls_per_shard: Option<u64>,
    /// Calls of GetShardIterator on a shard.
    pub iterator_calls_per_shard: Option<u64>,
    /// Calls of SubscribeToShard of a consumer on a shard.
    pub subscriptions_per_consumer_shard: Option<u64>,
    /// Bytes that a subscription is given.
    pub push_bytes_per_consumer_shard: Option<u64>,
    /// Whether control operations are limited as on AWS, each at its own rate.
    pub control_plane: bool,
}

impl Rates {
    /// Those of AWS (developer guide, quotas and limits).
    pub fn aws() -> Self {
        Self {
            write_bytes_per_shard: Some(1 << 20),
            write_records_per_shard: Some(1000),
            read_bytes_per_shard: Some(2 << 20),
            read_calls_per_shard: Some(5),
            iterator_calls_per_shard: Some(5),
            subscriptions_per_consumer_shard: Some(1),
            push_bytes_per_consumer_shard: Some(2 << 20),
            control_plane: true,
        }
    }
}

/// Counts that an account or stream may not pass; `None` is no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quotas {
    /// Open shards of an account in a region.
    pub open_shards: Option<u32>,
    /// On-demand streams of an account in a region.
    pub on_demand_streams: Option<u32>,
    /// Streams that are CREATING, or DELETING, at once.
    pub streams_in_transition: Option<u32>,
    /// Consumers (and queues) of a stream.
    pub consumers_per_stream: Option<u32>,
    /// Consumers of a stream that are CREATING at once.
    pub consumers_creating: Option<u32>,
    /// UpdateShardCount per stream and day, and only from half to twice the open shards.
    pub scalings_per_day: Option<u32>,
    /// UpdateStreamMode per stream and day.
    pub mode_switches_per_day: Option<u32>,
    /// StartStreamEncryption (and as many stops) per stream and day.
    pub encryption_switches_per_day: Option<u32>,
}

impl Quotas {
    /// Those of AWS (service quotas page, API reference).
    pub fn aws() -> Self {
        Self {
            open_shards: Some(20_000),
            on_demand_streams: Some(50),
            streams_in_transition: Some(5),
            consumers_per_stream: Some(20),
            consumers_creating: Some(5),
            scalings_per_day: Some(10),
            mode_switches_per_day: Some(2),
            encryption_switches_per_day: Some(25),
        }
    }
}
