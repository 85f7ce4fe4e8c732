//! The control plane of a folder that no server uses, replayed in memory: whether it can be read, and what the partitions
//! are called.

use std::collections::HashMap;
use std::sync::Arc;

use log::embedded::{EmbeddedLog, Offline, Stretch};
use log::{COMMAND_PARTITION, CommandLog, Log, LogError};
use types::{Applier, Domain, Epoch, Offset, PartitionId, SequenceNumber, SystemClock};

/// A shard by its name.
#[derive(Debug, Clone)]
pub(super) struct ShardName {
    pub(super) stream: String,
    pub(super) shard: String,
    epoch: Epoch,
}

/// What the control plane says.
#[derive(Debug, Default)]
pub(super) struct Names {
    shards: HashMap<PartitionId, ShardName>,
    /// How many streams there are.
    pub(super) streams: usize,
    /// Commands since the first, and the hash of the state that they lead to.
    pub(super) state: Option<(u64, String)>,
    /// Why the control plane could not be read.
    pub(super) failure: Option<LogError>,
}

impl Names {
    /// Recovers the log in memory, as a server would, or as a repair would leave it, and replays the commands.
    pub(super) fn read(offline: &Offline, repair: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let read = runtime
            .map_err(|error| LogError::Stopped(error.to_string()))
            .and_then(|runtime| runtime.block_on(Self::replay(offline, repair)));
        read.unwrap_or_else(|failure| Self { failure: Some(failure), ..Self::default() })
    }

    async fn replay(offline: &Offline, repair: bool) -> Result<Self, LogError> {
        let log: Arc<dyn Log> = EmbeddedLog::open(offline.in_memory(repair))?;
        let streams = Arc::<streams::Catalog>::default();
        let appliers: HashMap<Domain, Arc<dyn Applier>> = HashMap::from([
            (Domain::Streams, streams.clone() as Arc<dyn Applier>),
            (Domain::Delivery, Arc::<delivery::Catalog>::default() as Arc<dyn Applier>),
            (Domain::Analytics, Arc::<analytics::Catalog>::default() as Arc<dyn Applier>),
            (Domain::Companions, Arc::<companions::Catalog>::default() as Arc<dyn Applier>),
        ]);
        let commands = CommandLog::open(log, Arc::new(SystemClock), appliers).await?;
        let hash = commands.state_hash().await?;
        let mut names = Self { state: Some((hash.commands, hash.sha256)), ..Self::default() };
        for stream in streams.all() {
            names.streams += 1;
            for shard in &stream.shards {
                let name =
                    ShardName { stream: stream.name.to_string(), shard: shard.id.to_string(), epoch: shard.epoch };
                names.shards.insert(shard.partition, name);
            }
        }
        Ok(names)
    }

    /// The shard that the partition holds, if it holds one.
    pub(super) fn shard(&self, partition: PartitionId) -> Option<&ShardName> {
        self.shards.get(&partition)
    }

    /// A stretch in words.
    pub(super) fn place(&self, stretch: &Stretch) -> String {
        let last = Offset(stretch.end.0.saturating_sub(1));
        match self.shards.get(&stretch.partition) {
            Some(name) => format!(
                "stream {}, {}, {} to {}",
                name.stream,
                name.shard,
                name.sequence_number(stretch.first),
                name.sequence_number(last)
            ),
            None if stretch.partition == COMMAND_PARTITION => {
                format!("the command log (the control plane), offsets {} to {}", stretch.first.0, last.0)
            }
            None => format!("partition {}, offsets {} to {}", stretch.partition.0, stretch.first.0, last.0),
        }
    }
}

impl ShardName {
    /// The public number of the record at `offset`.
    pub(super) fn sequence_number(&self, offset: Offset) -> SequenceNumber {
        SequenceNumber::of(self.epoch, offset)
    }
}
