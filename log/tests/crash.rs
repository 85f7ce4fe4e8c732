//! Crash enumeration: after every change of the disk, with every kind of loss that the persistence model allows, the
//! log must come back as the model after some prefix of the calls that holds every acknowledged one and everything that
//! a reader was shown. Then it must go on, and be crashed again: in its recovery and in what it does afterwards.
//!
//! `THALWEG_CRASH_STATES=N` asks for another number of states, `THALWEG_CRASH_SEED=N` to begin with another seed than 0. The closing line is written past the test harness.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use support::crashes::{Effort, Tally, Violation, crash};
use support::life::{Shape, live};
use support::{run, say};

/// Different crash states that a run of the tests looks at.
const STATES: usize = 250_000;
/// Calls of one life.
const CALLS: usize = 60;
/// One crash in so many goes on and is crashed again.
const AGAIN_EVERY: usize = 8;
const EFFORT: Effort = Effort { subsets: 12, tears_max: 16 };

#[test]
fn nothing_promised_is_lost_in_any_crash() {
    let number = |name| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let wanted = number("THALWEG_CRASH_STATES").unwrap_or(STATES);
    let first_seed = number("THALWEG_CRASH_SEED").unwrap_or(0) as u64;
    #[allow(clippy::disallowed_methods, reason = "the closing line says how long it took")]
    let begin = Instant::now();
    let (next_seed, done) = (AtomicU64::new(first_seed), AtomicUsize::new(0));
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let work = || {
            let mut tally = Tally::default();
            while done.load(Ordering::Relaxed) < wanted {
                let seed = next_seed.fetch_add(1, Ordering::Relaxed);
                let found = run(explore(seed));
                done.fetch_add(found.states + found.twice, Ordering::Relaxed);
                tally.add(found);
            }
            tally
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().for_each(|worker| total.add(worker.join().unwrap()));
    });
    let seconds = begin.elapsed().as_secs_f32();
    report(&total, next_seed.into_inner() - first_seed, seconds);
    assert_eq!(total.examples, Vec::<String>::new());
}

/// Lives and crashes by one seed; its shape is one of [`Shape::ALL`] in turn.
async fn explore(seed: u64) -> Tally {
    let shape = Shape::ALL[(seed % Shape::ALL.len() as u64) as usize];
    let mut tally = Tally::default();
    let (life, calls) = live(shape, seed, CALLS).await;
    crash(&life, &calls, EFFORT, AGAIN_EVERY, &mut tally, &format!("{shape:?}, seed {seed}")).await;
    tally
}

fn report(total: &Tally, seeds: u64, seconds: f32) {
    let of = |violation| total.count(violation);
    let line = format!(
        "crash states: {} from {seeds} seeds in {seconds:.0} s ({} of them second crashes): {} acknowledged lost, {} read \
         then lost, {} phantom, {} reordered or in part, {} refused",
        total.states + total.twice,
        total.twice,
        of(Violation::Lost),
        of(Violation::ReadThenLost),
        of(Violation::Phantom),
        of(Violation::Reordered),
        of(Violation::Refused),
    );
    say(&line);
}
