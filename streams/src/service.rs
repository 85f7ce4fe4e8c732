//! The handle that the API and the in-process consumers hold, and the control operations.

use std::collections::BTreeMap;
use std::sync::Arc;

use log::{Bounds, Log};
use types::{Clock, Commands, Offset, PartitionId, Random, Scope, SequenceNumber, StreamName, Timestamp, limits};

use crate::command::StreamCommand;
use crate::tags::check_tags;
use crate::{Catalog, Shard, Stream, StreamMode, StreamsError};

/// Open shards of a new on-demand stream (developer guide: 4 MiB/s of writes).
const ON_DEMAND_SHARDS: u32 = 4;

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
}

/// Data Streams. Cheap to clone.
#[derive(Clone)]
pub struct Streams {
    pub(crate) parts: Arc<Parts>,
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
}

impl Streams {
    /// The service over `parts`.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Finishes what a crash may have interrupted: tells the log again which partitions belong to deleted streams.
    pub async fn resume(&self) -> Result<(), StreamsError> {
        for partition in self.parts.catalog.snapshot().deleted() {
            if self.parts.log.bounds(*partition).is_some() {
                self.parts.log.drop_partition(*partition).await?;
            }
        }
        Ok(())
    }

    /// Creates a stream; it is ACTIVE when this returns.
    pub async fn create_stream(&self, scope: &Scope, request: CreateStream) -> Result<(), StreamsError> {
        let shard_count = match (request.mode, request.shard_count) {
            (StreamMode::Provisioned, Some(count)) => count,
            (StreamMode::Provisioned, None) => {
                return Err(StreamsError::Invalid("ShardCount is required for a stream in PROVISIONED mode.".into()));
            }
            (StreamMode::OnDemand, None) => ON_DEMAND_SHARDS,
            (StreamMode::OnDemand, Some(_)) => {
                return Err(StreamsError::Invalid(
                    "ShardCount is not supported for a stream in ON_DEMAND mode.".into(),
                ));
            }
        };
        check_tags(&request.tags)?;
        if shard_count == 0 {
            return Err(StreamsError::Invalid("A stream has at least one shard.".into()));
        }
        if shard_count > limits::SHARDS_PER_STREAM_MAX {
            return Err(StreamsError::LimitExceeded(format!(
                "This request would exceed the shard limit for the account {} in {}. Limit: {}. Requested: {shard_count}.",
                scope.account,
                scope.region,
                limits::SHARDS_PER_STREAM_MAX
            )));
        }
        let command = StreamCommand::Create {
            scope: scope.clone(),
            name: request.name,
            mode: request.mode,
            shard_count,
            retention_hours: (limits::RETENTION_DEFAULT.as_secs() / 3600) as u32,
            record_bytes_max: request.record_bytes_max.unwrap_or(limits::RECORD_BYTES_MAX_DEFAULT),
            tags: request.tags,
        };
        self.parts.commands.submit(command.into_command()).await?;
        Ok(())
    }

    /// Deletes a stream and forgets its records.
    pub async fn delete_stream(&self, scope: &Scope, name: &StreamName) -> Result<(), StreamsError> {
        let stream = self.stream(scope, name)?;
        let command = StreamCommand::Delete { scope: scope.clone(), name: name.clone(), epoch: stream.epoch };
        self.parts.commands.submit(command.into_command()).await?;
        for shard in &stream.shards {
            self.parts.log.drop_partition(shard.partition).await?;
        }
        Ok(())
    }

    /// The stream of that name.
    pub fn stream(&self, scope: &Scope, name: &StreamName) -> Result<Arc<Stream>, StreamsError> {
        self.parts.catalog.stream(scope, name).ok_or_else(|| not_found(scope, name))
    }

    /// When the shard was closed; `None` while it is open.
    pub fn closed_at(&self, shard: &Shard) -> Option<Timestamp> {
        self.parts.log.bounds(shard.partition).and_then(|bounds| bounds.closed)
    }

    /// The number above all records of a closed shard; `None` while it is open.
    pub fn ending_sequence_number(&self, shard: &Shard) -> Option<SequenceNumber> {
        let bounds = self.parts.log.bounds(shard.partition)?;
        bounds.closed.map(|_| SequenceNumber::of(shard.epoch, bounds.end))
    }

    /// Shards that take records.
    pub fn open_shard_count(&self, stream: &Stream) -> usize {
        stream.shards.iter().filter(|shard| self.closed_at(shard).is_none()).count()
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

pub(crate) fn not_found(scope: &Scope, name: &StreamName) -> StreamsError {
    StreamsError::NotFound(format!("Stream {name} under account {} not found.", scope.account))
}
