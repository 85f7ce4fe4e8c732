//! Enhanced fan-out: records pushed to registered consumers (SubscribeToShard).
//!
//! Owns: who is subscribed to what, what a subscriber is told and when it ends. Refuses: frames and JSON, which the
//! API makes of a [`SubscriptionEvent`]. Nothing here is durable: after a restart clients subscribe again from the
//! continuation number that they saw last.
//!
//! Read `subscription.rs` next for the life of one, `seats.rs` for who may have it, `pages.rs` for how twenty
//! subscribers of one shard share its reads.

mod event;
mod memory;
mod pages;
mod reading;
mod seats;
mod subscription;

use std::sync::Arc;

use tokio::sync::watch;
use types::{ConsumerArn, ShardId};

pub use event::SubscriptionEvent;
pub use subscription::Subscription;

use crate::{ConsumerStatus, Position, Shard, Stream, Streams, StreamsError};
use pages::Pages;
use reading::Reading;
use seats::{Seats, SubscriptionKey};

/// What all subscriptions share.
#[derive(Debug, Default)]
pub(crate) struct FanOut {
    seats: Arc<Seats>,
    pages: Arc<Pages>,
    /// Becomes true when every subscription shall end.
    ended: watch::Sender<bool>,
}

impl Streams {
    /// Subscribes a consumer to a shard. One that has the same subscription for five seconds or longer loses it.
    ///
    /// # Errors
    /// [`StreamsError::NotFound`] without the consumer or shard, [`StreamsError::InUse`] when the consumer is not
    /// ACTIVE or subscribed less than five seconds ago, [`StreamsError::LimitExceeded`] when it calls too often, and
    /// those of the position.
    pub async fn subscribe(
        &self,
        arn: &ConsumerArn,
        shard: ShardId,
        position: Position,
    ) -> Result<Subscription, StreamsError> {
        let wanted = self.wanted(arn, shard)?;
        self.admit_subscription(&wanted)?;
        let next = self.resolve(&wanted.stream, wanted.shard(), position).await?;
        let seat = self.fan_out.seats.take(wanted.key.clone(), self.parts.clock.now());
        let seat = seat.map_err(|_| in_use(&wanted))?;
        let reading = Reading::new(self, arn.clone(), &wanted, next);
        Ok(Subscription::new(self, seat, reading))
    }

    /// Refuses what [`Self::subscribe`] would refuse, and changes nothing.
    pub async fn check_subscription(
        &self,
        arn: &ConsumerArn,
        shard: ShardId,
        position: Position,
    ) -> Result<(), StreamsError> {
        let wanted = self.wanted(arn, shard)?;
        self.admit_subscription(&wanted)?;
        self.resolve(&wanted.stream, wanted.shard(), position).await?;
        Ok(())
    }

    /// Ends every subscription in order, and each new one at once: the server is about to stop.
    pub fn end_subscriptions(&self) {
        self.fan_out.ended.send_replace(true);
    }

    fn wanted(&self, arn: &ConsumerArn, id: ShardId) -> Result<Wanted, StreamsError> {
        let (stream, consumer) = self.consumer(arn)?;
        let (name, account) = (&stream.name, &stream.scope.account);
        if !stream.serves() {
            return Err(StreamsError::NotFound(format!("Stream {name} under account {account} not found.")));
        }
        if consumer.status != ConsumerStatus::Active {
            let status = consumer.status.as_str();
            return Err(StreamsError::InUse(format!("Consumer {arn} is not ACTIVE, instead in state {status}.")));
        }
        let index = stream.shards.binary_search_by_key(&id, |shard| shard.id).map_err(|_| {
            StreamsError::NotFound(format!("Shard {id} in stream {name} under account {account} does not exist"))
        })?;
        let key = SubscriptionKey {
            stream: stream.epoch,
            consumer: consumer.name,
            created_seconds: consumer.created_seconds,
            shard: id,
        };
        Ok(Wanted { arn: arn.clone(), stream, index, key })
    }

    fn admit_subscription(&self, wanted: &Wanted) -> Result<(), StreamsError> {
        let now = self.parts.clock.now();
        if self.fan_out.seats.is_fresh(&wanted.key, now) {
            return Err(in_use(wanted));
        }
        if !self.throttles.shards.subscribe(&wanted.arn, wanted.shard().partition, now) {
            let (arn, shard) = (&wanted.arn, wanted.key.shard);
            let message = format!("Rate of SubscribeToShard exceeded for consumer {arn} and shard {shard}.");
            return Err(StreamsError::LimitExceeded(message));
        }
        Ok(())
    }
}

/// What a call asks for, when all of it exists.
struct Wanted {
    arn: ConsumerArn,
    stream: Arc<Stream>,
    /// Of the shard in the stream.
    index: usize,
    key: SubscriptionKey,
}

impl Wanted {
    fn shard(&self) -> &Shard {
        &self.stream.shards[self.index]
    }
}

fn in_use(wanted: &Wanted) -> StreamsError {
    let (arn, shard) = (&wanted.arn, wanted.key.shard);
    StreamsError::InUse(format!("Another active subscription exists for consumer {arn} and shard {shard}."))
}
