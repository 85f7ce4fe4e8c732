//! The handle that the API and the in-process consumers hold, and the control operations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use log::{Bounds, Log};
use types::{Clock, Commands, Offset, PartitionId, Random, Scope, StreamName, Timestamp, limits};

use crate::command::{ShardQuotas, StreamCommand, StreamRef};
use crate::encryption::{Keyring, MasterKeys};
use crate::fan_out::FanOut;
use crate::queues::Desks;
use crate::resource::Resource;
use crate::scaling::Traffic;
use crate::tags::check_tags;
use crate::throttle::Throttles;
use crate::{Catalog, Distribution, Stream, StreamMode, StreamsConfig, StreamsError};

/// Open shards of a new on-demand stream (developer guide: 4 MiB/s of writes).
pub(crate) const ON_DEMAND_SHARDS: u32 = 4;

/// What the rules stand on; everything that a simulator replaces is here.
pub struct Parts {
    /// The state machine that the command log feeds.
    pub catalog: Arc<Catalog>,
    /// Where records are.
    pub log: Arc<dyn Log>,
    /// Where control operations go.
    pub commands: Arc<dyn Commands>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where unguessable bytes come from.
    pub random: Arc<dyn Random>,
    /// Authenticates iterators and page tokens; kept with the data so that they outlive a restart.
    pub token_secret: [u8; 32],
    /// What wraps the data keys of encrypted streams.
    pub master_keys: Arc<dyn MasterKeys>,
    /// Durations and quotas.
    pub config: StreamsConfig,
}

/// Data Streams. Cheap to clone.
#[derive(Clone)]
pub struct Streams {
    pub(crate) parts: Arc<Parts>,
    /// Counts records that may go to any shard.
    turns: Arc<AtomicU64>,
    pub(crate) throttles: Arc<Throttles>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) fan_out: Arc<FanOut>,
    pub(crate) desks: Arc<Desks>,
    pub(crate) keyring: Arc<Keyring>,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// What CreateStream asks for.
#[derive(Debug, Clone)]
pub struct CreateStream {
    /// The name, free in the scope.
    pub name: StreamName,
    /// How capacity is decided.
    pub mode: StreamMode,
    /// Shards to start with; `None` takes 4 for on-demand and is refused for provisioned.
    pub shard_count: Option<u32>,
    /// Largest record in bytes; `None` takes the default of 1 MiB.
    pub record_bytes_max: Option<usize>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Write capacity to keep ready on an on-demand stream, in MiB/s.
    pub warm_mibps: Option<u32>,
    /// How records find their shard.
    pub distribution: Distribution,
}

impl CreateStream {
    /// A provisioned stream with nothing special about it.
    pub fn provisioned(name: StreamName, shard_count: u32) -> Self {
        Self {
            name,
            mode: StreamMode::Provisioned,
            shard_count: Some(shard_count),
            record_bytes_max: None,
            tags: BTreeMap::new(),
            warm_mibps: None,
            distribution: Distribution::default(),
        }
    }
}

impl Streams {
    /// The service over `parts`.
    pub fn new(parts: Parts) -> Self {
        let throttles = Arc::new(Throttles::new(&parts.config));
        Self {
            parts: Arc::new(parts),
            turns: Arc::default(),
            throttles,
            traffic: Arc::default(),
            fan_out: Arc::default(),
            desks: Arc::default(),
            keyring: Arc::default(),
        }
    }

    /// Finishes what a crash may have interrupted: tells the log again which partitions nobody needs any more, and
    /// goes on with every control operation that was under way.
    pub async fn resume(&self) -> Result<(), StreamsError> {
        for partition in self.parts.catalog.current().dropped() {
            if self.parts.log.bounds(*partition).is_some() {
                // A full disk must not keep the server from starting: what frees it comes later.
                if let Err(error) = self.parts.log.drop_partition(*partition).await {
                    tracing::warn!(%error, partition = partition.0, "a deleted partition is dropped at the next start");
                }
            }
        }
        let state = self.parts.catalog.current();
        state.streams().for_each(|stream| self.classify(stream));
        self.resume_pending().await;
        self.resume_consumers();
        self.resume_queues();
        Ok(())
    }

    /// Creates a stream; without a transition time it is ACTIVE when this returns.
    pub async fn create_stream(&self, scope: &Scope, request: CreateStream) -> Result<(), StreamsError> {
        let shard_count = first_shards(&request)?;
        check_tags(scope, &Resource::Stream(request.name.clone()), &request.tags)?;
        if request.warm_mibps.is_some() {
            self.check_warm(scope, request.mode)?;
        }
        if request.distribution == Distribution::Auto && request.mode == StreamMode::Provisioned {
            return Err(StreamsError::Invalid("The AUTO strategy needs a stream in ON_DEMAND mode.".into()));
        }
        if shard_count > limits::SHARDS_PER_STREAM_MAX {
            return Err(StreamsError::LimitExceeded(format!(
                "This request would exceed the shard limit for the account {} in {}. Limit: {}. Requested: {shard_count}.",
                scope.account,
                scope.region,
                limits::SHARDS_PER_STREAM_MAX
            )));
        }
        let name = request.name.clone();
        let command = StreamCommand::Create {
            scope: scope.clone(),
            name: request.name,
            mode: request.mode,
            shard_count,
            retention_hours: (limits::RETENTION_DEFAULT.as_secs() / 3600) as u32,
            record_bytes_max: request.record_bytes_max.unwrap_or(limits::RECORD_BYTES_MAX_DEFAULT),
            tags: request.tags,
            warm_mibps: request.warm_mibps,
            distribution: request.distribution,
            quotas: self.shard_quotas(),
            settle: self.settles_at_once(),
        };
        self.submit(command).await?;
        if let Ok(stream) = self.stream(scope, &name) {
            self.drive(StreamRef::to(&stream)).await;
        }
        Ok(())
    }

    /// Deletes a stream and forgets its records; with consumers only if `with_consumers`.
    pub async fn delete_stream(
        &self,
        scope: &Scope,
        name: &StreamName,
        with_consumers: bool,
    ) -> Result<(), StreamsError> {
        let stream = self.stream(scope, name)?;
        let of = StreamRef::to(&stream);
        let (quotas, settle) = (self.shard_quotas(), self.settles_at_once());
        self.submit(StreamCommand::Delete { of: of.clone(), with_consumers, quotas, settle }).await?;
        if settle {
            self.drop_forgotten().await;
        } else {
            self.drive(of).await;
        }
        Ok(())
    }

    /// The stream of that name.
    pub fn stream(&self, scope: &Scope, name: &StreamName) -> Result<Arc<Stream>, StreamsError> {
        self.parts.catalog.stream(scope, name).ok_or_else(|| not_found(scope, name))
    }

    /// The stream of that name, if records can be put and read: AWS knows no stream that is CREATING or DELETING.
    pub(crate) fn serving(&self, scope: &Scope, name: &StreamName) -> Result<Arc<Stream>, StreamsError> {
        self.parts.catalog.stream(scope, name).filter(|stream| stream.serves()).ok_or_else(|| not_found(scope, name))
    }

    /// Refuses a call of the control plane that comes too soon after the account's others.
    pub fn admit_account(&self, scope: &Scope, operation: &'static str) -> Result<(), StreamsError> {
        if self.throttles.calls.by_account(scope, operation, self.parts.clock.now()) {
            return Ok(());
        }
        Err(StreamsError::LimitExceeded(format!("Rate of {operation} exceeded for account {}.", scope.account)))
    }

    /// Refuses a call of the control plane that comes too soon after others on the stream.
    pub fn admit_stream(&self, stream: &Stream, operation: &'static str) -> Result<(), StreamsError> {
        if self.throttles.calls.by_stream(&stream.scope, &stream.name, operation, self.parts.clock.now()) {
            return Ok(());
        }
        let (name, account) = (&stream.name, &stream.scope.account);
        Err(StreamsError::LimitExceeded(format!(
            "Rate of {operation} exceeded for stream {name} under account {account}."
        )))
    }

    /// The next turn of the shards that records without a key take.
    pub(crate) fn turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether control operations are done when they are answered.
    pub(crate) fn settles_at_once(&self) -> bool {
        self.parts.config.transition.is_zero()
    }

    pub(crate) fn shard_quotas(&self) -> ShardQuotas {
        let quotas = &self.parts.config.quotas;
        ShardQuotas {
            open_shards: quotas.open_shards,
            on_demand_streams: quotas.on_demand_streams,
            streams_in_transition: quotas.streams_in_transition,
            scalings_per_day: quotas.scalings_per_day,
        }
    }

    /// Makes a command durable and applied.
    pub(crate) async fn submit(&self, command: StreamCommand) -> Result<(), StreamsError> {
        let of = command.kept_otherwise().cloned();
        self.parts.commands.submit(command.into_command()).await?;
        if let Some(stream) = of.and_then(|of| self.stream(&of.scope, &of.name).ok()) {
            self.classify(&stream);
        }
        Ok(())
    }

    /// The state of a partition; one that nothing was appended to yet is empty.
    pub(crate) fn bounds(&self, partition: PartitionId) -> Bounds {
        self.parts.log.bounds(partition).unwrap_or(Bounds {
            start: Offset::ZERO,
            end: Offset::ZERO,
            closed: None,
            last_time: Timestamp(0),
        })
    }
}

fn first_shards(request: &CreateStream) -> Result<u32, StreamsError> {
    match (request.mode, request.shard_count) {
        (_, Some(0)) => Err(StreamsError::Invalid("A stream has at least one shard.".into())),
        (StreamMode::Provisioned, Some(count)) => Ok(count),
        (StreamMode::Provisioned, None) => {
            Err(StreamsError::Invalid("ShardCount is required for a stream in PROVISIONED mode.".into()))
        }
        (StreamMode::OnDemand, None) => Ok(request.warm_mibps.unwrap_or(0).max(ON_DEMAND_SHARDS)),
        (StreamMode::OnDemand, Some(_)) => {
            Err(StreamsError::Invalid("ShardCount is not supported for a stream in ON_DEMAND mode.".into()))
        }
    }
}

pub(crate) fn not_found(scope: &Scope, name: &StreamName) -> StreamsError {
    StreamsError::NotFound(format!("Stream {name} under account {} not found.", scope.account))
}
