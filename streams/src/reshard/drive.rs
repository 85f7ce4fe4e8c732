//! The driver: does what a stream that is not ACTIVE waits for, step by step, each of them safe to repeat.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use types::{Kind, ShardId};

use super::Plan;
use crate::command::{StreamCommand, StreamRef};
use crate::stream::{Closed, Pending};
use crate::{Stream, Streams, StreamsError};

/// How long the driver waits after a step that the log refused.
const RETRY: Duration = Duration::from_millis(100);
/// How long a caller, or the start of the server, waits for the driver.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

impl Streams {
    /// Drives a stream until it waits for nothing. Returns at once when changes take time: the work then goes on in a
    /// task of its own, as it does when the caller goes away.
    pub(crate) async fn drive(&self, of: StreamRef) {
        let streams = self.clone();
        let task = tokio::spawn(async move { streams.drive_to_end(&of).await });
        if !self.settles_at_once() {
            return;
        }
        tokio::select! {
            biased;
            done = task => if let Err(panicked) = done {
                tracing::error!(%panicked, "a control operation did not come to its end; a restart goes on with it");
            },
            // A full disk, say: the caller is answered, and the work goes on when there is room.
            () = self.parts.clock.sleep(ANSWER_WITHIN) => {
                tracing::warn!("a control operation takes long; its stream is UPDATING until it is done");
            }
        }
    }

    /// Goes on with every stream that a stop left in between.
    pub(crate) async fn resume_pending(&self) {
        let state = self.parts.catalog.current();
        let pending = state.streams().filter(|stream| stream.pending.is_some());
        join_all(pending.map(|stream| self.drive(StreamRef::to(stream)))).await;
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
                if error.kind() == Kind::Invalid {
                    // Another driver was quicker; what there is to do now, the state says.
                    continue;
                }
                if matches!(error.kind(), Kind::Internal | Kind::NotFound) {
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
                let is_deleted = stream.status == crate::StreamStatus::Deleting;
                self.submit(StreamCommand::Settle { of: of.clone() }).await?;
                if is_deleted {
                    self.drop_forgotten().await;
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
            // The command that opened it may have seen a clock that was set back since; ended before it began, the
            // shard would be hidden from ListShards while its records are there.
            Ok::<_, StreamsError>((shard.id, Closed { at: at.max(shard.opened), end }))
        });
        Ok(try_join_all(closes).await?.into_iter().collect())
    }

    /// Tells the log which records are of no use any more, all partitions together: those that the state says are gone,
    /// since a reshard may have opened shards of a stream until the moment of its deletion.
    pub(crate) async fn drop_forgotten(&self) {
        let state = self.parts.catalog.current();
        let known = state.dropped().iter().filter(|partition| self.parts.log.bounds(**partition).is_some());
        let drops = known.map(|partition| self.parts.log.drop_partition(*partition));
        if let Err(error) = try_join_all(drops).await {
            // The next start tells the log again.
            tracing::warn!(%error, "the records of a deleted stream are dropped at the next start");
        }
    }
}
