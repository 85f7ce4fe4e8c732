//! The driver: does what a stream that is not ACTIVE waits for, step by step, each of them safe to repeat.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use types::{Kind, ShardId};

use super::Plan;
use crate::command::{StreamCommand, StreamRef};
use crate::stream::{Closed, Pending};
use crate::{Stream, Streams, StreamsError};

/// How long the driver waits after a step that the log refused.
const RETRY: Duration = Duration::from_millis(100);

impl Streams {
    /// Drives a stream until it waits for nothing. Returns at once when changes take time: the work then goes on in a
    /// task of its own, as it does when the caller goes away.
    pub(crate) async fn drive(&self, of: StreamRef) {
        let streams = self.clone();
        let task = tokio::spawn(async move { streams.drive_to_end(&of).await });
        if self.settles_at_once()
            && let Err(panicked) = task.await
        {
            tracing::error!(%panicked, "a control operation did not come to its end; a restart goes on with it");
        }
    }

    /// Goes on with every stream that a stop left in between.
    pub(crate) async fn resume_pending(&self) {
        let state = self.parts.catalog.current();
        for stream in state.streams().filter(|stream| stream.pending.is_some()) {
            self.drive(StreamRef::to(stream)).await;
        }
    }

    async fn drive_to_end(&self, of: &StreamRef) {
        if !self.settles_at_once() {
            self.parts.clock.sleep(self.parts.config.transition).await;
        }
        loop {
            let state = self.parts.catalog.current();
            let stream = state.stream(&of.scope, &of.name).filter(|stream| stream.epoch == of.epoch).cloned();
            let Some(stream) = stream else { return };
            let Some(pending) = &stream.pending else { return };
            if let Err(error) = self.step(of, &stream, pending).await {
                if matches!(error.kind(), Kind::Internal | Kind::NotFound | Kind::Invalid) {
                    tracing::error!(%error, stream = %of.name, "a control operation is stuck; a restart goes on with it");
                    return;
                }
                tracing::warn!(%error, stream = %of.name, "a control operation waits for the log");
                self.parts.clock.sleep(RETRY).await;
            }
        }
    }

    async fn step(&self, of: &StreamRef, stream: &Stream, pending: &Pending) -> Result<(), StreamsError> {
        match pending {
            Pending::Settling => {
                let dropped = (stream.status == crate::StreamStatus::Deleting).then_some(stream);
                self.submit(StreamCommand::Settle { of: of.clone() }).await?;
                if let Some(stream) = dropped {
                    self.drop_shards(stream).await;
                }
            }
            Pending::Reshard(plan) => {
                let closed = self.close_parents(stream, plan).await?;
                self.submit(StreamCommand::Advance { of: of.clone(), closed }).await?;
            }
        }
        Ok(())
    }

    /// Closes the parents of the first round in the log, together, so that they share a flush.
    async fn close_parents(&self, stream: &Stream, plan: &Plan) -> Result<BTreeMap<ShardId, Closed>, StreamsError> {
        let parents = plan.rounds.first().into_iter().flatten().flat_map(|step| step.parents());
        let now = self.parts.clock.now();
        let closes = parents.filter_map(|id| stream.shard(id)).map(|shard| async move {
            // A shard without records has no partition yet; an empty append brings it into being.
            let end = self.parts.log.close(shard.partition, now).await?;
            let at = self.bounds(shard.partition).closed.unwrap_or(now);
            Ok::<_, StreamsError>((shard.id, Closed { at, end }))
        });
        Ok(try_join_all(closes).await?.into_iter().collect())
    }

    /// Tells the log that the records of a deleted stream are of no use any more, all shards together.
    pub(crate) async fn drop_shards(&self, stream: &Stream) {
        let drops = stream.shards.iter().map(|shard| self.parts.log.drop_partition(shard.partition));
        if let Err(error) = try_join_all(drops).await {
            // The state says that they are gone, so the next start tells the log again.
            tracing::warn!(%error, stream = %stream.name, "the records of a deleted stream are dropped at the next start");
        }
    }
}
