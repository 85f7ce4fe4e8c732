//! Who is subscribed: one seat for each consumer and shard, which a later call takes over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use types::{ConsumerName, Epoch, ShardId, Timestamp};

/// How long after a successful call the next one is refused (API reference, SubscribeToShard).
const FRESH: Duration = Duration::from_secs(5);
/// Seats above which those that nobody needs are looked for.
const SWEEP_MIN: usize = 64;

/// What a seat is for: a consumer, by stream incarnation, name and registration, and a shard.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SubscriptionKey {
    pub(super) stream: Epoch,
    pub(super) consumer: ConsumerName,
    pub(super) created_seconds: u64,
    pub(super) shard: ShardId,
}

/// All seats.
#[derive(Debug, Default)]
pub(super) struct Seats {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: HashMap<SubscriptionKey, Taken>,
    /// The number of the next seat: tells who sits from who sat.
    next: u64,
    sweep_at: usize,
}

#[derive(Debug)]
struct Taken {
    number: u64,
    since: Timestamp,
    /// Tells who sits here to leave; `None` when the client went away by itself, which frees nothing before its time.
    leave: Option<oneshot::Sender<()>>,
}

impl Taken {
    /// A clock that jumped back makes no seat fresh for longer.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.since <= now && now.since(self.since) < FRESH
    }
}

/// The seat was taken less than five seconds ago.
#[derive(Debug)]
pub(super) struct Fresh;

impl Seats {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether [`Self::take`] would refuse.
    pub(super) fn is_fresh(&self, key: &SubscriptionKey, now: Timestamp) -> bool {
        self.state().taken.get(key).is_some_and(|taken| taken.is_fresh(now))
    }

    /// Takes the seat; who sits there is told to leave.
    pub(super) fn take(self: &Arc<Self>, key: SubscriptionKey, now: Timestamp) -> Result<Seat, Fresh> {
        let mut state = self.state();
        if state.taken.get(&key).is_some_and(|taken| taken.is_fresh(now)) {
            return Err(Fresh);
        }
        state.sweep(now);
        let number = state.next;
        state.next += 1;
        let (leave, taken_over) = oneshot::channel();
        let before = state.taken.insert(key.clone(), Taken { number, since: now, leave: Some(leave) });
        if let Some(leave) = before.and_then(|taken| taken.leave) {
            // It may have left in this moment.
            let _left = leave.send(());
        }
        drop(state);
        Ok(Seat { seats: Arc::clone(self), key, number, taken_over })
    }
}

impl State {
    /// Forgets seats of clients that went away; looked at only when they may be half of all, so it costs little a call.
    fn sweep(&mut self, now: Timestamp) {
        if self.taken.len() >= self.sweep_at {
            self.taken.retain(|_, taken| taken.leave.is_some() || taken.is_fresh(now));
            self.sweep_at = (2 * self.taken.len()).max(SWEEP_MIN);
        }
    }
}

/// One subscription's right to be there; dropping it gives it up.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    key: SubscriptionKey,
    number: u64,
    taken_over: oneshot::Receiver<()>,
}

impl Seat {
    /// Completes when another call has the seat.
    pub(super) async fn taken_over(&mut self) {
        // An error would mean that the seat is gone, which is the same to who sat on it.
        let _told = (&mut self.taken_over).await;
    }

    /// The server has ended the subscription itself, so a next call need not wait.
    pub(super) fn end(&self) {
        let mut state = self.seats.state();
        if state.taken.get(&self.key).is_some_and(|taken| taken.number == self.number) {
            state.taken.remove(&self.key);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.seats.state();
        if let Some(taken) = state.taken.get_mut(&self.key).filter(|taken| taken.number == self.number) {
            taken.leave = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(shard: u32) -> SubscriptionKey {
        let consumer = ConsumerName::parse("c").unwrap();
        SubscriptionKey { stream: Epoch(1), consumer, created_seconds: 1, shard: ShardId(shard) }
    }

    #[test]
    fn seats_of_clients_that_went_away_are_forgotten() {
        let seats = Arc::<Seats>::default();
        for shard in 0..1000 {
            drop(seats.take(key(shard), Timestamp(u64::from(shard) * 1000)).unwrap());
        }
        assert!(seats.state().taken.len() <= SWEEP_MIN);
        assert!(seats.take(key(999), Timestamp(999_001)).is_err(), "a client that went away frees nothing early");
    }

    #[test]
    fn an_ended_subscription_frees_its_seat_but_not_its_successors() {
        let seats = Arc::<Seats>::default();
        let mut first = seats.take(key(0), Timestamp(0)).unwrap();
        let second = seats.take(key(0), Timestamp(5000)).unwrap();
        assert_eq!(first.taken_over.try_recv(), Ok(()));
        first.end();
        drop(first);
        assert!(seats.is_fresh(&key(0), Timestamp(5001)));
        drop(second);
        let third = seats.take(key(0), Timestamp(10_000)).unwrap();
        third.end();
        assert!(!seats.is_fresh(&key(0), Timestamp(10_000)));
    }
}
