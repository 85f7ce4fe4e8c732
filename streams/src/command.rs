//! The persisted commands of Data Streams (version 1). A command carries all that `apply` needs, so that replay needs
//! no clock, no randomness and no configuration; its time and epoch are those of the log, and quotas stand in it as
//! they were when it was submitted.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use types::{Command, ConsumerName, Domain, Epoch, HashKey, Scope, ShardId, StreamName, Timestamp};

use crate::encryption::WrappedKey;
use crate::queues::QueueCommand;
use crate::resource::Resource;
use crate::stream::Closed;
use crate::{Distribution, ShardMetric, Stream, StreamMode};

/// One incarnation of a stream: a command for an older one of the same name is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StreamRef {
    /// Whose it is.
    pub(crate) scope: Scope,
    /// Its name.
    pub(crate) name: StreamName,
    /// The incarnation.
    pub(crate) epoch: Epoch,
}

impl StreamRef {
    pub(crate) fn to(stream: &Stream) -> Self {
        Self { scope: stream.scope.clone(), name: stream.name.clone(), epoch: stream.epoch }
    }
}

/// Quotas of a command that opens shards; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ShardQuotas {
    /// Open shards of the account in the region.
    pub(crate) open_shards: Option<u32>,
    /// On-demand streams of the account in the region.
    pub(crate) on_demand_streams: Option<u32>,
    /// Streams that are CREATING, or DELETING, at once.
    pub(crate) streams_in_transition: Option<u32>,
    /// UpdateShardCount: per stream and day, and only from half to twice the open shards.
    pub(crate) scalings_per_day: Option<u32>,
}

/// One change of the catalog, stored as JSON: `{"create":{…}}`, `{"delete":{…}}`. Fields may be added with defaults;
/// a variant or field is never given another meaning. `settle` says that the change takes no time: without it the
/// resource shows CREATING, UPDATING or DELETING until the matching `settle` command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StreamCommand {
    /// Opens a stream with `shard_count` shards over the even split of the hash space.
    Create {
        /// Whose it will be.
        scope: Scope,
        /// Its name; refused when taken.
        name: StreamName,
        /// How capacity is decided.
        mode: StreamMode,
        /// Shards to open, at least one.
        shard_count: u32,
        /// How long records are kept.
        retention_hours: u32,
        /// Largest record in bytes.
        record_bytes_max: usize,
        /// Tags by key.
        tags: BTreeMap<String, String>,
        #[serde(default)]
        warm_mibps: Option<u32>,
        #[serde(default)]
        distribution: Distribution,
        #[serde(default)]
        quotas: ShardQuotas,
        #[serde(default = "yes")]
        settle: bool,
    },
    /// Deletes a stream, with its consumers if `with_consumers`.
    Delete {
        #[serde(flatten)]
        of: StreamRef,
        #[serde(default = "yes")]
        with_consumers: bool,
        #[serde(default)]
        quotas: ShardQuotas,
        #[serde(default = "yes")]
        settle: bool,
    },
    /// Ends CREATING, UPDATING or DELETING.
    Settle {
        #[serde(flatten)]
        of: StreamRef,
    },
    /// Changes a setting.
    Change {
        #[serde(flatten)]
        of: StreamRef,
        change: Change,
        settle: bool,
    },
    /// Plans to close shards and open others in their place.
    Reshard {
        #[serde(flatten)]
        of: StreamRef,
        request: ReshardRequest,
        /// The service itself asks: allowed on on-demand streams, refused on provisioned ones.
        by_service: bool,
        quotas: ShardQuotas,
    },
    /// The parents of the plan's next round are closed in the log; its children open.
    Advance {
        #[serde(flatten)]
        of: StreamRef,
        /// How each parent of the round ended.
        closed: BTreeMap<ShardId, Closed>,
    },
    /// Forgets closed shards whose records are all older than the retention.
    Expire {
        #[serde(flatten)]
        of: StreamRef,
        shards: BTreeSet<ShardId>,
    },
    /// Registers a consumer.
    RegisterConsumer {
        #[serde(flatten)]
        of: StreamRef,
        /// The consumer's name (`name` is the stream's).
        #[serde(rename = "consumer")]
        name: ConsumerName,
        tags: BTreeMap<String, String>,
        consumers_max: Option<u32>,
        creating_max: Option<u32>,
        settle: bool,
    },
    /// Deregisters a consumer.
    DeregisterConsumer {
        #[serde(flatten)]
        of: StreamRef,
        #[serde(rename = "consumer")]
        name: ConsumerName,
        created_seconds: u64,
        settle: bool,
    },
    /// Ends a consumer's CREATING or DELETING.
    SettleConsumer {
        #[serde(flatten)]
        of: StreamRef,
        #[serde(rename = "consumer")]
        name: ConsumerName,
        created_seconds: u64,
    },
    /// Adds and removes tags of a resource.
    Tag { scope: Scope, resource: Resource, set: BTreeMap<String, String>, remove: BTreeSet<String> },
    /// Sets or removes a resource's policy.
    Policy { scope: Scope, resource: Resource, policy: Option<String> },
    /// Starts or ends the commitment to a minimum throughput of an account in a region.
    Account { scope: Scope, committed: bool },
    /// Changes a queue.
    Queue(QueueCommand),
}

/// A setting of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Keeps records for that many hours; `longer` says which way the caller meant.
    /// `now` is the submitter's clock: the log's time never goes back, so after a clock that was ahead it is in the
    /// future, and a horizon there would hide everything.
    Retention {
        hours: u32,
        longer: bool,
        #[serde(default)]
        now: Option<Timestamp>,
    },
    /// Takes records up to that many bytes.
    RecordBytesMax(usize),
    /// Switches the mode.
    Mode { mode: StreamMode, warm_mibps: Option<u32>, on_demand_max: Option<u32>, per_day: Option<u32> },
    /// Keeps that much capacity ready.
    Warm { mibps: u32 },
    /// Places records so.
    Distribution(Distribution),
    /// Switches shard-level metrics on or off.
    Monitoring { metrics: BTreeSet<ShardMetric>, on: bool },
    /// Seals new records with that key; `None` stops.
    Encryption { key: Option<WrappedKey>, per_day: Option<u32> },
}

/// Which shards to close and what to open in their place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReshardRequest {
    /// One shard becomes two; the upper starts at `at`.
    Split { shard: ShardId, at: HashKey },
    /// Two neighbours become one.
    Merge { shard: ShardId, adjacent: ShardId },
    /// The whole hash space is spread evenly over that many shards.
    Scale { shard_count: u32 },
    /// Each of these shards becomes two halves.
    Halve { shards: BTreeSet<ShardId> },
}

fn yes() -> bool {
    true
}

impl StreamCommand {
    /// The stream in which records are kept for another time than a shard's are by default, after this command.
    pub(crate) fn kept_otherwise(&self) -> Option<&StreamRef> {
        match self {
            Self::Change { of, change: Change::Retention { .. }, .. } | Self::Advance { of, .. } => Some(of),
            _ => None,
        }
    }

    /// The form that the command log takes.
    pub(crate) fn into_command(self) -> Command {
        let body = serde_json::to_vec(&self).expect("a command holds only strings, numbers and string-keyed maps");
        Command { domain: Domain::Streams, body: Bytes::from(body) }
    }
}
