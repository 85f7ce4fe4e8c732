//! The life of one subscription.

use std::fmt;
use std::time::Duration;

use tokio::sync::watch;
use types::Sleep;

use super::event::SubscriptionEvent;
use super::reading::Reading;
use super::seats::Seat;
use crate::{Streams, StreamsError};

/// How long a subscription lasts (API reference, SubscribeToShard).
const LIFETIME: Duration = Duration::from_secs(300);

/// Events of a shard for a consumer, pushed by commits. It moves only as it is asked, so a slow reader holds one page
/// and delays nobody. Dropping it ends it.
pub struct Subscription {
    endings: Endings,
    reading: Reading,
    is_over: bool,
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("seat", &self.endings.seat).finish_non_exhaustive()
    }
}

/// What ends a subscription from outside.
struct Endings {
    seat: Seat,
    lifetime: Sleep,
    server: watch::Receiver<bool>,
}

impl Subscription {
    pub(super) fn new(streams: &Streams, seat: Seat, reading: Reading) -> Self {
        let lifetime = streams.parts.clock.sleep(LIFETIME);
        let server = streams.fan_out.ended.subscribe();
        Self { endings: Endings { seat, lifetime, server }, reading, is_over: false }
    }

    /// Waits for the next event; `None` when the subscription has ended in order: after five minutes, after the event
    /// without a continuation number, or with the server. An error is the last thing it tells.
    ///
    /// # Errors
    /// [`StreamsError::InUse`] when another call took the subscription over, [`StreamsError::NotFound`] when the
    /// consumer, the shard or the stream is there no more.
    pub async fn next(&mut self) -> Option<Result<SubscriptionEvent, StreamsError>> {
        if self.is_over {
            return None;
        }
        let told = tokio::select! {
            biased;
            ended = self.endings.first() => ended.map(|()| None),
            event = self.reading.next() => event.map(Some),
        };
        if !matches!(&told, Ok(Some(event)) if event.continuation.is_some()) {
            self.is_over = true;
            self.endings.seat.end();
        }
        told.transpose()
    }
}

impl Endings {
    /// Completes when the subscription must end, with the error to tell if it is not in order.
    async fn first(&mut self) -> Result<(), StreamsError> {
        tokio::select! {
            biased;
            () = self.seat.taken_over() => {
                Err(StreamsError::InUse("Another call of SubscribeToShard took this subscription over.".into()))
            }
            () = &mut self.lifetime => Ok(()),
            // The sender lives as long as the service, which the reading holds.
            _ = self.server.wait_for(|ended| *ended) => Ok(()),
        }
    }
}
