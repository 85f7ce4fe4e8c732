//! A subscription's way through its shard: what to tell next, and when.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use types::{ConsumerArn, Epoch, Offset, PartitionId, SequenceNumber, ShardId, Sleep};

use super::Wanted;
use super::event::{Page, SubscriptionEvent};
use super::pages::{Place, Reader};
use super::seats::SubscriptionKey;
use crate::get;
use crate::{ConsumerStatus, Stream, Streams, StreamsError};

/// How long an idle shard stays silent.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long a subscription over its rate pauses.
const THROTTLE_PAUSE: Duration = Duration::from_millis(50);

/// See the module text.
pub(super) struct Reading {
    streams: Streams,
    arn: ConsumerArn,
    key: SubscriptionKey,
    shard: ShardId,
    partition: PartitionId,
    epoch: Epoch,
    next: Offset,
    durable_end: watch::Receiver<Offset>,
    changes: watch::Receiver<u64>,
    /// When to say that nothing happened; `None` at first, when the subscriber shall learn at once where it stands.
    heartbeat: Option<Sleep>,
    reader: Reader,
}

impl Reading {
    pub(super) fn new(streams: &Streams, arn: ConsumerArn, wanted: &Wanted, next: Offset) -> Self {
        let shard = wanted.shard();
        Self {
            arn,
            key: wanted.key.clone(),
            shard: shard.id,
            partition: shard.partition,
            epoch: shard.epoch,
            next,
            durable_end: streams.parts.log.watch(shard.partition),
            changes: streams.parts.catalog.changes(),
            heartbeat: None,
            reader: streams.fan_out.pages.reader(shard.partition),
            streams: streams.clone(),
        }
    }

    /// The next event, when there is something to tell.
    ///
    /// # Errors
    /// [`StreamsError::NotFound`] when the consumer, the shard or the stream is there no more; [`StreamsError::Kms`] when
    /// the next record cannot be opened now.
    pub(super) async fn next(&mut self) -> Result<SubscriptionEvent, StreamsError> {
        loop {
            // Seen before the state is, so that a change between the look and the wait ends the wait.
            self.durable_end.borrow_and_update();
            self.changes.borrow_and_update();
            let stream = self.stream()?;
            if self.next < self.streams.bounds(self.partition).end {
                if !self.may_push() {
                    self.streams.parts.clock.sleep(THROTTLE_PAUSE).await;
                    continue;
                }
                let page = self.read(&stream).await?;
                self.next = page.next;
                if !page.records.is_empty() {
                    return self.event(&stream, Some(page));
                }
                continue;
            }
            if self.has_ended(&stream)? {
                return self.event(&stream, None);
            }
            let Some(heartbeat) = self.heartbeat.as_mut() else { return self.event(&stream, None) };
            tokio::select! {
                biased;
                changed = self.durable_end.changed() => changed.map_err(|_| self.gone())?,
                Ok(()) = self.changes.changed() => {}
                () = heartbeat => return self.event(&stream, None),
            }
        }
    }

    /// The stream, if the consumer may still read it.
    fn stream(&self) -> Result<Arc<Stream>, StreamsError> {
        let state = self.streams.parts.catalog.current();
        let stream = state.by_epoch(self.key.stream).filter(|stream| stream.serves()).ok_or_else(|| self.gone())?;
        let consumer = stream.consumers.get(&self.key.consumer);
        let consumer = consumer.filter(|consumer| consumer.created_seconds == self.key.created_seconds);
        if consumer.is_none_or(|consumer| consumer.status != ConsumerStatus::Active) {
            return Err(StreamsError::NotFound(format!("Consumer {} was deregistered.", self.arn)));
        }
        Ok(Arc::clone(stream))
    }

    /// Whether nothing will follow. The log may have closed the shard a moment before its children are known; a
    /// subscriber is told of both together.
    fn has_ended(&self, stream: &Stream) -> Result<bool, StreamsError> {
        let shard = stream.shard(self.shard).ok_or_else(|| self.gone())?;
        Ok(shard.closed.is_some_and(|closed| self.next >= closed.end))
    }

    async fn read(&mut self, stream: &Stream) -> Result<Arc<Page>, StreamsError> {
        let now = self.streams.parts.clock.now();
        let shard = get::Place { stream: Some(stream), partition: self.partition, epoch: self.epoch };
        let place = Place { shard, from: self.next, cutoff: stream.oldest(now) };
        let page = self.reader.page(&self.streams, place).await?;
        self.streams.throttles.shards.was_pushed(&self.arn, self.partition, page.bytes(), now);
        Ok(page)
    }

    fn may_push(&self) -> bool {
        self.streams.throttles.shards.push(&self.arn, self.partition, self.streams.parts.clock.now())
    }

    fn event(&mut self, stream: &Stream, page: Option<Arc<Page>>) -> Result<SubscriptionEvent, StreamsError> {
        self.heartbeat = Some(self.streams.parts.clock.sleep(HEARTBEAT));
        let behind = self.next < self.streams.bounds(self.partition).end;
        let last = page.as_ref().and_then(|page| page.records.last()).filter(|_| behind);
        let now = self.streams.parts.clock.now();
        // Never zero while there is more, however new it is.
        let millis_behind_latest = last.map_or(0, |last| (now.since(last.arrival).as_millis() as u64).max(1));
        let ended = self.has_ended(stream)?;
        Ok(SubscriptionEvent {
            page,
            continuation: (!ended).then(|| self.continuation()),
            millis_behind_latest,
            children: if ended { stream.children(self.shard) } else { Vec::new() },
        })
    }

    /// The number below the next record's: a valid one whether or not a record bore it.
    fn continuation(&self) -> SequenceNumber {
        match self.next.0.checked_sub(1) {
            Some(last) => SequenceNumber::of(self.epoch, Offset(last)),
            None => SequenceNumber::start_of(self.epoch),
        }
    }

    fn gone(&self) -> StreamsError {
        let (shard, stream, account) = (self.shard, &self.arn.stream, &self.arn.scope.account);
        StreamsError::NotFound(format!("Shard {shard} in stream {stream} under account {account} does not exist"))
    }
}
