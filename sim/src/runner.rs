//! Runs seeds: one from beginning to end, or many on several threads.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::actors::{control, reader, subscriber, writer};
use crate::audit::audit;
use crate::chaos::rage;
use crate::counts::Counts;
use crate::crew::{self, Actor};
use crate::keeper::{keep, lead};
use crate::world::World;

/// What came of a seed.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Which.
    pub seed: u64,
    /// Names the whole history.
    pub hash: u64,
    /// What happened.
    pub counts: Counts,
    /// What must not happen.
    pub violations: Vec<String>,
    /// The last lines of the history.
    pub tail: Vec<String>,
}

/// Simulates one seed.
pub fn run_seed(seed: u64) -> Outcome {
    let world = World::new(seed);
    let actors = actors(&world);
    let panicked = catch_unwind(AssertUnwindSafe(|| crew::run(&world.clock, actors))).is_err();
    if panicked {
        world.violation("the simulation panicked".into());
    }
    let mut counts = world.counts();
    counts.add("seeds", 1);
    let history = world.history();
    counts.add("records checked", history.records_checked);
    counts.add("virtual seconds", world.clock.micros() / 1_000_000);
    let violations = history.violations.clone();
    drop(history);
    let trace = world.trace();
    Outcome { seed, hash: trace.hash(), counts, violations, tail: trace.tail() }
}

/// Everybody, each with a share of the chance of their own.
fn actors(world: &Arc<World>) -> Vec<Actor> {
    let mut dice = world.dice().fork();
    let mut clients: Vec<Actor> = vec![Box::pin(control(Arc::clone(world), dice.fork()))];
    for number in 0..3 {
        clients.push(Box::pin(writer(Arc::clone(world), dice.fork(), number)));
    }
    for (number, name) in (0..).zip(&world.names) {
        clients.push(Box::pin(reader(Arc::clone(world), dice.fork(), name.clone())));
        clients.push(Box::pin(subscriber(Arc::clone(world), dice.fork(), name.clone(), number)));
    }
    world.at_work.send_replace(clients.len());
    let mut actors: Vec<Actor> = vec![Box::pin(keep(Arc::clone(world))), Box::pin(lead(Arc::clone(world)))];
    actors.extend(clients.into_iter().map(|client| {
        let world = Arc::clone(world);
        let ends: Actor = Box::pin(async move {
            client.await;
            world.at_work.send_modify(|clients| *clients -= 1);
        });
        ends
    }));
    actors.push(Box::pin(rage(Arc::clone(world), dice.fork())));
    actors.push(Box::pin(audit(Arc::clone(world), dice.fork())));
    actors
}

/// Simulates every seed of the range on so many threads, and gives each outcome to `told` as it comes.
pub fn run_many(seeds: Range<u64>, threads: usize, told: impl FnMut(Outcome) + Send) {
    let next = AtomicU64::new(seeds.start);
    let told = Mutex::new(told);
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    let outcome = run_seed(seed);
                    told.lock().unwrap_or_else(PoisonError::into_inner)(outcome);
                }
            });
        }
    });
}
