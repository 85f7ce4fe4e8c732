//! What recovery leaves of a torn write: nothing. Bytes of it behind the last frame could otherwise meet a later torn write.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use log::vfs::{CrashStates, DiskImage, Survival};
use support::life::{Shape, live};
use support::{Call, open, run, say, state};

/// Bytes that no other call has in its records.
fn mark(number: usize, call: &Call) -> Option<String> {
    let Call::Append(parts) = call else { return None };
    let long =
        |(part, index, length): &(usize, usize, usize)| (*length >= 90).then(|| format!("{number}.{part}.{index};"));
    let records = parts
        .iter()
        .enumerate()
        .flat_map(|(part, (_, lengths))| lengths.iter().enumerate().map(move |(index, length)| (part, index, *length)));
    records.filter_map(|record| long(&record)).next_back().map(|seed| seed.repeat(3))
}

fn holds(image: &DiskImage, text: &str) -> bool {
    image.values().any(|file| String::from_utf8_lossy(file).contains(text))
}

#[test]
fn what_a_crash_tore_is_gone_after_recovery() {
    let mut torn = 0;
    for seed in 0..6 {
        torn += run(tear(seed));
    }
    say(&format!("torn writes: {torn} with bytes on the disk, none of them left by recovery"));
    assert!(torn > 100, "{torn}");
}

async fn tear(seed: u64) -> usize {
    let (life, calls) = live(Shape::Mixed, seed, 50).await;
    let mut torn = 0;
    let mut disk = CrashStates::default();
    for (moment, event) in life.vfs.journal().iter().enumerate() {
        disk.advance(event);
        for survival in [Survival::Sectors(seed), Survival::TornBefore(1), Survival::TornAfter(1)] {
            let image = disk.image(survival);
            let (vfs, log) = open(&image);
            let found = state(&*log.unwrap()).await.unwrap();
            let prefix = life.states.iter().rposition(|state| *state == found).unwrap();
            let lost = calls[prefix..].iter().filter_map(|(number, call)| mark(*number, call));
            for mark in lost.filter(|mark| holds(&image, mark)) {
                torn += 1;
                assert!(!holds(&vfs.live(), &mark), "seed {seed}, change {moment}, {survival:?}: {mark} is left");
            }
        }
    }
    torn
}
