//! Virtual time: it stands still while anything can be done, and goes to the next timer when nothing can.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use types::{Clock, Sleep, Timestamp};

/// Wall-clock time at the start, in milliseconds since 1970.
const START_MS: u64 = 1_700_000_000_000;

#[derive(Default)]
struct State {
    now_us: u64,
    wall_offset_ms: i64,
    /// By deadline, then in the order of their making.
    timers: BTreeMap<(u64, u64), Waker>,
    timers_made: u64,
}

/// The clock of a simulation; clones are the same clock.
#[derive(Clone, Default)]
pub(crate) struct VirtualClock(Arc<Mutex<State>>);

impl VirtualClock {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the start; never goes back.
    pub(crate) fn micros(&self) -> u64 {
        self.state().now_us
    }

    /// Moves the wall clock, not the time that passes.
    pub(crate) fn jump(&self, ms: i64) {
        self.state().wall_offset_ms += ms;
    }

    /// Goes to the next timer and wakes who waits for it.
    ///
    /// # Panics
    /// When there is none: then nothing would ever happen again.
    pub(crate) fn advance(&self) {
        let mut state = self.state();
        let ((deadline, _), waker) = state.timers.pop_first().expect("somebody waits for a timer, or all is over");
        state.now_us = state.now_us.max(deadline);
        drop(state);
        waker.wake();
    }

    pub(crate) fn now(&self) -> Timestamp {
        let state = self.state();
        Timestamp((START_MS + state.now_us / 1000).saturating_add_signed(state.wall_offset_ms))
    }

    pub(crate) async fn sleep_ms(&self, ms: u64) {
        self.timer(Duration::from_millis(ms), None).await;
    }

    pub(crate) async fn sleep_us(&self, us: u64) {
        self.timer(Duration::from_micros(us), None).await;
    }

    fn timer(&self, span: Duration, alive: Option<Arc<AtomicBool>>) -> Timer {
        let mut state = self.state();
        state.timers_made += 1;
        let key = (state.now_us.saturating_add(span.as_micros() as u64), state.timers_made);
        drop(state);
        Timer { clock: self.clone(), key, alive }
    }
}

struct Timer {
    clock: VirtualClock,
    key: (u64, u64),
    alive: Option<Arc<AtomicBool>>,
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.alive.as_ref().is_some_and(|alive| !alive.load(Ordering::Relaxed)) {
            return Poll::Pending;
        }
        let mut state = self.clock.state();
        if state.now_us >= self.key.0 {
            return Poll::Ready(());
        }
        state.timers.insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.clock.state().timers.remove(&self.key);
    }
}

/// The clock as one process sees it: after its death no sleep ends, so what it left running does nothing more.
pub(crate) struct ProcessClock {
    pub(crate) clock: VirtualClock,
    pub(crate) alive: Arc<AtomicBool>,
}

impl Clock for ProcessClock {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn sleep(&self, span: Duration) -> Sleep {
        Box::pin(self.clock.timer(span, Some(Arc::clone(&self.alive))))
    }
}
