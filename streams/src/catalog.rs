//! The state machine of Data Streams: every stream and shard, rebuilt from the command log on start.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use types::{Applier, CommandMeta, Epoch, HashRange, Kind, PartitionId, Rejected, Scope, ShardId, StreamName};

use crate::command::StreamCommand;
use crate::{Shard, Stream};

type ByName = BTreeMap<(Scope, StreamName), Arc<Stream>>;

/// All streams. Reads are lock-free snapshots; [`Applier::apply`] is the only writer, one command at a time.
#[derive(Debug, Default)]
pub struct Catalog {
    state: ArcSwap<State>,
}

/// One snapshot.
#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    by_name: ByName,
    by_epoch: HashMap<Epoch, Arc<Stream>>,
    /// Partitions of deleted streams; the log is told again on start, in case it was not before a crash.
    deleted: Vec<PartitionId>,
}

impl State {
    pub(crate) fn by_name(&self) -> &ByName {
        &self.by_name
    }

    pub(crate) fn by_epoch(&self, epoch: Epoch) -> Option<&Arc<Stream>> {
        self.by_epoch.get(&epoch)
    }

    pub(crate) fn deleted(&self) -> &[PartitionId] {
        &self.deleted
    }

    fn create(&mut self, stream: Stream) -> Result<(), Rejected> {
        let key = (stream.scope.clone(), stream.name.clone());
        if self.by_name.contains_key(&key) {
            let message = format!("Stream {} under account {} already exists.", stream.name, stream.scope.account);
            return Err(Rejected { kind: Kind::InUse, message });
        }
        let stream = Arc::new(stream);
        self.by_epoch.insert(stream.epoch, stream.clone());
        self.by_name.insert(key, stream);
        Ok(())
    }

    fn delete(&mut self, scope: Scope, name: StreamName, epoch: Epoch) -> Result<(), Rejected> {
        let message = format!("Stream {name} under account {} not found.", scope.account);
        let key = (scope, name);
        match self.by_name.get(&key) {
            Some(stream) if stream.epoch == epoch => {
                self.deleted.extend(stream.shards.iter().map(|shard| shard.partition));
                self.by_name.remove(&key);
                self.by_epoch.remove(&epoch);
                Ok(())
            }
            _ => Err(Rejected { kind: Kind::NotFound, message }),
        }
    }
}

impl Catalog {
    /// The state now; it does not change under the reader.
    pub(crate) fn snapshot(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// The stream of that name.
    pub(crate) fn stream(&self, scope: &Scope, name: &StreamName) -> Option<Arc<Stream>> {
        self.state.load().by_name.get(&(scope.clone(), name.clone())).cloned()
    }
}

impl Applier for Catalog {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let command = serde_json::from_slice(body)
            .map_err(|error| Rejected { kind: Kind::Internal, message: format!("unreadable command: {error}") })?;
        let mut next = State::clone(&self.state.load());
        match command {
            StreamCommand::Create { scope, name, mode, shard_count, retention_hours, record_bytes_max, tags } => {
                if shard_count == 0 || shard_count > types::limits::SHARDS_PER_STREAM_MAX {
                    let message = format!("a stream cannot be opened with {shard_count} shards");
                    return Err(Rejected { kind: Kind::Invalid, message });
                }
                let retention = Duration::from_secs(u64::from(retention_hours) * 3600);
                let (epoch, created) = (Epoch(meta.offset.0), meta.time);
                let shards = open_shards(meta, shard_count);
                next.create(Stream { scope, name, epoch, created, mode, retention, record_bytes_max, tags, shards })?;
            }
            StreamCommand::Delete { scope, name, epoch } => next.delete(scope, name, epoch)?,
        }
        self.state.store(Arc::new(next));
        Ok(())
    }

    fn snapshot(&self) -> Vec<u8> {
        let state = self.state.load();
        let streams: Vec<&Stream> = state.by_name.values().map(|stream| &**stream).collect();
        serde_json::to_vec(&(streams, &state.deleted)).expect("a stream holds only strings, numbers and lists of them")
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        let (streams, deleted): (Vec<Stream>, Vec<PartitionId>) =
            serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let mut next = State { deleted, ..State::default() };
        for stream in streams {
            next.create(stream).map_err(|twice| twice.message)?;
        }
        self.state.store(Arc::new(next));
        Ok(())
    }
}

fn open_shards(meta: CommandMeta, count: u32) -> Vec<Shard> {
    HashRange::split_evenly(count)
        .into_iter()
        .zip(0u16..)
        .map(|(range, index)| Shard {
            id: ShardId(u32::from(index)),
            epoch: Epoch(meta.offset.0),
            partition: PartitionId::opened_by(meta.offset, index),
            range,
            parents: Vec::new(),
            opened: meta.time,
        })
        .collect()
}
