//! Creating, settling and deleting streams.

use std::sync::Arc;
use std::time::Duration;

use types::{CommandMeta, Epoch, HashRange, Kind, PartitionId, Rejected, Scope, ShardId, Timestamp};

use super::{State, invalid, limit_exceeded};
use crate::command::{ShardQuotas, StreamCommand, StreamRef};
use crate::stream::Pending;
use crate::{Shard, Stream, StreamMode, StreamStatus};

impl State {
    pub(super) fn insert(&mut self, stream: Stream) {
        let key = (stream.scope.clone(), stream.name.clone());
        self.by_epoch.insert(stream.epoch, key.clone());
        self.by_name.insert(key, Arc::new(stream));
    }

    fn remove(&mut self, of: &StreamRef) {
        if let Some(stream) = self.by_name.remove(&(of.scope.clone(), of.name.clone())) {
            self.by_epoch.remove(&stream.epoch);
            self.dropped.extend(stream.shards.iter().map(|shard| shard.partition));
        }
    }

    pub(super) fn create(&mut self, meta: CommandMeta, command: StreamCommand) -> Result<(), Rejected> {
        let StreamCommand::Create { scope, name, mode, shard_count, quotas, settle, .. } = &command else {
            return Err(invalid("not a command that creates a stream".into()));
        };
        if let Some(stream) = self.stream(scope, name) {
            let message = format!("Stream {} under account {} already exists.", stream.name, stream.scope.account);
            return Err(Rejected { kind: Kind::InUse, message });
        }
        if *shard_count == 0 || *shard_count > types::limits::SHARDS_PER_STREAM_MAX {
            return Err(invalid(format!("a stream cannot be opened with {shard_count} shards")));
        }
        self.check_transitions(scope, StreamStatus::Creating, quotas)?;
        self.check_open_shards(scope, *shard_count as usize, quotas)?;
        if *mode == StreamMode::OnDemand {
            self.check_on_demand(scope, quotas.on_demand_streams)?;
        }
        let settle = *settle;
        self.insert(new_stream(meta, command, settle)?);
        Ok(())
    }

    fn check_transitions(&self, scope: &Scope, status: StreamStatus, quotas: &ShardQuotas) -> Result<(), Rejected> {
        let Some(max) = quotas.streams_in_transition else { return Ok(()) };
        let there = self.of_scope(scope).filter(|stream| stream.status == status).count();
        if there < max as usize {
            return Ok(());
        }
        let status = status.as_str();
        Err(limit_exceeded(format!("Up to {max} streams of account {} can be {status} at once.", scope.account)))
    }

    pub(super) fn check_on_demand(&self, scope: &Scope, max: Option<u32>) -> Result<(), Rejected> {
        let Some(max) = max else { return Ok(()) };
        let there = self.of_scope(scope).filter(|stream| stream.mode == StreamMode::OnDemand).count();
        if there < max as usize {
            return Ok(());
        }
        Err(limit_exceeded(format!("Account {} has {there} on-demand streams already. Limit: {max}.", scope.account)))
    }

    pub(super) fn check_open_shards(
        &self,
        scope: &Scope,
        additional: usize,
        quotas: &ShardQuotas,
    ) -> Result<(), Rejected> {
        let Some(max) = quotas.open_shards else { return Ok(()) };
        let open: usize = self.of_scope(scope).map(|stream| stream.open.len()).sum();
        if open + additional <= max as usize {
            return Ok(());
        }
        Err(limit_exceeded(format!(
            "This request would exceed the shard limit for the account {} in {}. Current shard count for the account: \
             {open}. Limit: {max}. Number of additional shards that would have resulted from this request: {additional}.",
            scope.account, scope.region
        )))
    }

    pub(super) fn settle(&mut self, of: &StreamRef) -> Result<(), Rejected> {
        let stream = self.change(of)?;
        if stream.status == StreamStatus::Deleting {
            self.remove(of);
        } else if stream.pending == Some(Pending::Settling) {
            stream.pending = None;
            stream.status = StreamStatus::Active;
        }
        Ok(())
    }

    pub(super) fn delete(
        &mut self,
        of: &StreamRef,
        with_consumers: bool,
        quotas: &ShardQuotas,
        settle: bool,
    ) -> Result<(), Rejected> {
        let stream = self.change(of)?;
        if stream.status == StreamStatus::Deleting {
            return Err(super::not_active(stream));
        }
        self.check_no_queues(of.epoch, "deleted")?;
        let stream = self.change(of)?;
        if !with_consumers && !stream.consumers.is_empty() {
            let message = format!(
                "Stream {} under account {} has {} registered consumers; EnforceConsumerDeletion deletes them too.",
                of.name,
                of.scope.account,
                stream.consumers.len()
            );
            return Err(Rejected { kind: Kind::InUse, message });
        }
        if settle {
            self.remove(of);
            return Ok(());
        }
        self.check_transitions(&of.scope, StreamStatus::Deleting, quotas)?;
        let stream = self.change(of)?;
        stream.status = StreamStatus::Deleting;
        stream.consumers.clear();
        stream.pending = Some(Pending::Settling);
        Ok(())
    }
}

fn new_stream(meta: CommandMeta, command: StreamCommand, settle: bool) -> Result<Stream, Rejected> {
    let StreamCommand::Create {
        scope,
        name,
        mode,
        shard_count,
        retention_hours,
        record_bytes_max,
        tags,
        warm_mibps,
        distribution,
        ..
    } = command
    else {
        return Err(invalid("not a command that creates a stream".into()));
    };
    let mut stream = Stream {
        scope,
        name,
        epoch: Epoch(meta.offset.0),
        created: meta.time,
        status: if settle { StreamStatus::Active } else { StreamStatus::Creating },
        mode,
        retention: Duration::from_secs(u64::from(retention_hours) * 3600),
        horizon: Timestamp(0),
        record_bytes_max,
        tags,
        shards: open_shards(meta, shard_count),
        consumers: Default::default(),
        monitoring: Default::default(),
        warm_mibps,
        distribution,
        policy: None,
        keys: Default::default(),
        pending: (!settle).then_some(Pending::Settling),
        shards_made: shard_count,
        consumer_seconds: 0,
        recent: Vec::new(),
        open: Vec::new(),
    };
    stream.index_open_shards();
    Ok(stream)
}

fn open_shards(meta: CommandMeta, count: u32) -> Vec<Shard> {
    HashRange::split_evenly(count)
        .into_iter()
        .zip(0u16..)
        .map(|(range, index)| open_shard(meta, index, ShardId(u32::from(index)), range, Vec::new()))
        .collect()
}

/// The `index`-th shard that a command opens.
pub(super) fn open_shard(meta: CommandMeta, index: u16, id: ShardId, range: HashRange, parents: Vec<ShardId>) -> Shard {
    Shard {
        id,
        epoch: Epoch::of_shard(meta.offset, index),
        partition: PartitionId::opened_by(meta.offset, index),
        range,
        parents,
        opened: meta.time,
        closed: None,
    }
}
