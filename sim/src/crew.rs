//! Runs the actors on one thread, always in the same order.
//!
//! A `watch` of tokio wakes its waiters in an order that a generator of the runtime chooses, which cannot be seeded. So
//! the actors, who are all that wait on one, are not tasks of the runtime: whoever of them is awake is polled by its
//! number. Tasks that the service starts itself are the runtime's, first come, first served.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::clock::VirtualClock;

/// What an actor does until it is done.
pub(crate) type Actor = Pin<Box<dyn Future<Output = ()>>>;

#[derive(Default)]
struct Awake {
    numbers: Mutex<BTreeSet<usize>>,
    /// Wakes the thread.
    crew: Mutex<Option<Waker>>,
}

struct Call {
    number: usize,
    awake: Arc<Awake>,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        self.awake.numbers.lock().unwrap_or_else(PoisonError::into_inner).insert(self.number);
        if let Some(crew) = &*self.awake.crew.lock().unwrap_or_else(PoisonError::into_inner) {
            crew.wake_by_ref();
        }
    }
}

struct Crew {
    actors: Vec<Option<Actor>>,
    wakers: Vec<Waker>,
    awake: Arc<Awake>,
}

impl Future for Crew {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        *self.awake.crew.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        // Only those awake now: who wakes another lets the service's tasks have a turn before.
        let awake = std::mem::take(&mut *self.awake.numbers.lock().unwrap_or_else(PoisonError::into_inner));
        for number in awake {
            let waker = self.wakers[number].clone();
            let Some(actor) = &mut self.actors[number] else { continue };
            if actor.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                self.actors[number] = None;
            }
        }
        if self.actors.iter().all(Option::is_none) { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// Runs until every actor is done. Time goes on whenever nobody can.
pub(crate) fn run(clock: &VirtualClock, actors: Vec<Actor>) {
    let awake = Arc::new(Awake::default());
    let (time, waiting) = (clock.clone(), Arc::clone(&awake));
    let idle = move || {
        // The runtime asks also when a task has just woken the crew.
        if waiting.numbers.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            time.advance();
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().on_thread_park(idle).build();
    let numbers = 0..actors.len();
    awake.numbers.lock().unwrap_or_else(PoisonError::into_inner).extend(numbers.clone());
    let wakers = numbers.map(|number| Waker::from(Arc::new(Call { number, awake: Arc::clone(&awake) }))).collect();
    let crew = Crew { actors: actors.into_iter().map(Some).collect(), wakers, awake };
    runtime.expect("a runtime without a driver needs nothing of the system").block_on(crew);
}
