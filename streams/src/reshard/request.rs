//! SplitShard, MergeShards and UpdateShardCount.

use types::{HashKey, Scope, ShardId, StreamName, limits};

use crate::command::{ReshardRequest, StreamCommand, StreamRef};
use crate::{Streams, StreamsError};

/// What UpdateShardCount answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaled {
    /// Open shards before.
    pub before: u32,
    /// Open shards when it is done.
    pub target: u32,
}

impl Streams {
    /// Splits a shard: the upper child starts at `at`, which lies above the second and below the last key.
    pub async fn split_shard(
        &self,
        scope: &Scope,
        name: &StreamName,
        shard: ShardId,
        at: HashKey,
    ) -> Result<(), StreamsError> {
        self.reshard(scope, name, ReshardRequest::Split { shard, at }, false).await
    }

    /// Merges two shards whose ranges are neighbours.
    pub async fn merge_shards(
        &self,
        scope: &Scope,
        name: &StreamName,
        shard: ShardId,
        adjacent: ShardId,
    ) -> Result<(), StreamsError> {
        self.reshard(scope, name, ReshardRequest::Merge { shard, adjacent }, false).await
    }

    /// Spreads the hash space evenly over `shard_count` shards, through splits and merges.
    pub async fn update_shard_count(
        &self,
        scope: &Scope,
        name: &StreamName,
        shard_count: u32,
    ) -> Result<Scaled, StreamsError> {
        if shard_count > limits::SHARDS_PER_STREAM_MAX {
            return Err(StreamsError::Invalid(format!(
                "TargetShardCount {shard_count} is over the limit of {} shards.",
                limits::SHARDS_PER_STREAM_MAX
            )));
        }
        let before = self.stream(scope, name)?.open.len() as u32;
        self.reshard(scope, name, ReshardRequest::Scale { shard_count }, false).await?;
        Ok(Scaled { before, target: shard_count })
    }

    /// Plans a reshard and carries it out; with a transition time it goes on after the answer.
    pub(crate) async fn reshard(
        &self,
        scope: &Scope,
        name: &StreamName,
        request: ReshardRequest,
        by_service: bool,
    ) -> Result<(), StreamsError> {
        let of = StreamRef::to(&*self.stream(scope, name)?);
        let quotas = self.shard_quotas();
        self.submit(StreamCommand::Reshard { of: of.clone(), request, by_service, quotas }).await?;
        self.drive(of).await;
        Ok(())
    }
}
