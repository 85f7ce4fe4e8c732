//! The control operations of queues.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::{QueueName, Scope, StreamName};

use super::queue::{QueueChange, QueueCommand, QueueRef, QueueStart};
use super::{Queue, QueueAttributes, QueueStatus};
use crate::command::{StreamCommand, StreamRef};
use crate::tags::check_tags;
use crate::{Position, Stream, Streams, StreamsError};

/// What CreateQueue asks for.
#[derive(Debug, Clone)]
pub struct CreateQueue {
    /// The name, free in the scope.
    pub name: QueueName,
    /// The stream whose records it delivers, in the same scope.
    pub stream: StreamName,
    /// Where it starts.
    pub start: QueueStart,
    /// How it delivers.
    pub attributes: QueueAttributes,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// One page of ListQueues.
#[derive(Debug, Clone)]
pub struct QueuePage {
    /// The queues, by name.
    pub queues: Vec<Arc<Queue>>,
    /// Whether others follow.
    pub has_more: bool,
}

impl Streams {
    /// Creates a queue; it is CREATING for as long as changes take, and then ACTIVE.
    ///
    /// # Errors
    /// [`StreamsError::InUse`] when the name is taken or the stream does not serve, [`StreamsError::Unsupported`] when
    /// the stream is provisioned, [`StreamsError::LimitExceeded`] at the quota that consumers and queues share.
    pub async fn create_queue(&self, scope: &Scope, request: CreateQueue) -> Result<Arc<Queue>, StreamsError> {
        check_tags(&request.tags)?;
        let stream = self.stream(scope, &request.stream)?;
        let mut offsets = BTreeMap::new();
        for shard in &stream.shards {
            let next = self.resolve(&stream, shard, request.start.into()).await?;
            if next.0 > 0 {
                offsets.insert(shard.id, next);
            }
        }
        let (name, quotas) = (request.name, &self.parts.config.quotas);
        let command = QueueCommand::Create {
            scope: scope.clone(),
            name: name.clone(),
            stream: StreamRef::to(&stream),
            start: request.start,
            offsets,
            attributes: request.attributes,
            tags: request.tags,
            consumers_max: quotas.consumers_per_stream,
            transitions_max: quotas.streams_in_transition,
            settle: self.settles_at_once(),
        };
        self.submit(StreamCommand::Queue(command)).await?;
        let queue = self.queue(scope, &name)?;
        self.settle_queue_later(&queue);
        Ok(queue)
    }

    /// The queue of that name.
    pub fn queue(&self, scope: &Scope, name: &QueueName) -> Result<Arc<Queue>, StreamsError> {
        let found = self.parts.catalog.current().queue(scope, name).cloned();
        found.ok_or_else(|| StreamsError::NotFound(format!("Queue {name} under account {} not found.", scope.account)))
    }

    /// The stream of a queue: it cannot be deleted while the queue is there.
    pub fn stream_of_queue(&self, queue: &Queue) -> Result<Arc<Stream>, StreamsError> {
        let of = &queue.stream;
        let found = self.parts.catalog.current().by_epoch(of.epoch).cloned();
        found.ok_or_else(|| crate::service::not_found(&of.scope, &of.name))
    }

    /// How many queues read the stream.
    pub fn queue_count(&self, stream: &Stream) -> usize {
        self.parts.catalog.current().queues_of(stream.epoch)
    }

    /// Queues of an account in a region that `is_wanted`, by name, after `after`.
    pub fn list_queues(
        &self,
        scope: &Scope,
        after: Option<&QueueName>,
        limit: usize,
        is_wanted: impl Fn(&Queue) -> bool,
    ) -> QueuePage {
        let state = self.parts.catalog.current();
        let of_scope = state.queues().filter(|queue| queue.scope == *scope);
        let behind = of_scope.filter(|queue| after.is_none_or(|after| queue.name > *after));
        let mut rest = behind.filter(|queue| is_wanted(queue));
        let queues: Vec<_> = rest.by_ref().take(limit).cloned().collect();
        QueuePage { queues, has_more: rest.next().is_some() }
    }

    /// Changes attributes of a queue; they hold at once, and the queue is UPDATING for as long as changes take.
    pub async fn update_queue(&self, queue: &Queue, change: QueueChange) -> Result<Arc<Queue>, StreamsError> {
        let settle = self.settles_at_once();
        let command = QueueCommand::Update { of: QueueRef::to(queue), change, settle };
        self.submit(StreamCommand::Queue(command)).await?;
        let queue = self.queue(&queue.scope, &queue.name)?;
        self.settle_queue_later(&queue);
        Ok(queue)
    }

    /// Deletes a queue with its receipts and dead letters; the records stay in the stream.
    pub async fn delete_queue(&self, queue: &Queue) -> Result<(), StreamsError> {
        let (of, settle) = (QueueRef::to(queue), self.settles_at_once());
        let transitions_max = self.parts.config.quotas.streams_in_transition;
        self.submit(StreamCommand::Queue(QueueCommand::Delete { of, transitions_max, settle })).await?;
        if settle {
            self.forget_queue(queue).await;
        } else {
            self.settle_queue_later(&Queue { status: QueueStatus::Deleting, ..queue.clone() });
        }
        Ok(())
    }

    fn settle_queue_later(&self, queue: &Queue) {
        if queue.status == QueueStatus::Active {
            return;
        }
        let (streams, queue) = (self.clone(), queue.clone());
        tokio::spawn(async move {
            streams.parts.clock.sleep(streams.parts.config.transition).await;
            let of = QueueRef::to(&queue);
            if let Err(error) = streams.submit(StreamCommand::Queue(QueueCommand::Settle { of })).await {
                tracing::debug!(%error, queue = %queue.name, "a queue did not settle");
            }
            // Whichever of two changes settled last may have been the one that removed it.
            if streams.queue(&queue.scope, &queue.name).is_ok_and(|there| there.epoch == queue.epoch) {
                return;
            }
            streams.forget_queue(&queue).await;
        });
    }

    /// Goes on with queues that a stop left in between.
    pub(crate) fn resume_queues(&self) {
        for queue in self.parts.catalog.current().queues() {
            self.settle_queue_later(queue);
        }
    }

    async fn forget_queue(&self, queue: &Queue) {
        self.desks.close(queue.epoch);
        if let Err(error) = self.parts.log.drop_partition(queue.journal).await {
            // The state says that it is gone, so the next start tells the log again.
            tracing::warn!(%error, queue = %queue.name, "the journal of a deleted queue is dropped at the next start");
        }
    }
}

impl From<QueueStart> for Position {
    fn from(start: QueueStart) -> Self {
        match start {
            QueueStart::TrimHorizon => Self::TrimHorizon,
            QueueStart::Latest => Self::Latest,
            QueueStart::AtTimestamp(time) => Self::AtTimestamp(time),
        }
    }
}
