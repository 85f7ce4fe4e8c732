//! Two thousand simulated histories per run, none of which may break a rule; see `sim/src/lib.rs`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::thread;

use sim::{Counts, Outcome, run_many, run_seed};

/// Seeds of each run, from one on, so that a run of the same version always tests the same.
const SEEDS: u64 = 2000;
/// Every so many seeds one is run again.
const AGAIN_EVERY: u64 = 100;
/// Seeds that found something once, and what.
const FOUND: &str = include_str!("found_seeds.txt");

fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn check(outcome: &Outcome) -> usize {
    if !outcome.violations.is_empty() {
        outcome.tail.iter().rev().take(100).rev().for_each(|line| eprintln!("{line}"));
        eprintln!("seed {}: {:#?}", outcome.seed, outcome.violations);
    }
    outcome.violations.len()
}

#[test]
fn no_history_breaks_a_rule() {
    let (mut counts, mut violations, mut again) = (Counts::default(), 0, Vec::new());
    run_many(1..SEEDS + 1, threads(), |outcome| {
        counts.merge(&outcome.counts);
        violations += check(&outcome);
        if outcome.seed % AGAIN_EVERY == 0 {
            again.push((outcome.seed, outcome.hash));
        }
    });
    println!("{counts}, violations: {violations}");
    assert_eq!(violations, 0);
    assert!(counts.get("crashes") > SEEDS / 2 && counts.get("records checked") > SEEDS * 10, "{counts}");
    for (seed, hash) in again {
        assert_eq!(run_seed(seed).hash, hash, "seed {seed} has another history when it is run again");
    }
}

#[test]
fn seeds_that_found_something_are_clean() {
    let seeds = FOUND.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_whitespace().next());
    for seed in seeds {
        assert_eq!(check(&run_seed(seed.parse().unwrap())), 0);
    }
}
