//! Every kind of call to the disk fails at its k-th time, once or from then on, with EIO, ENOSPC or half a write. The log
//! refuses or stops as it documents, and what it acknowledged is there after a restart, and after a crash behind that.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeMap;

use log::LogError;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::{Call as DiskCall, CrashStates, DiskImage, Fault, FaultVfs, Survival};
use support::life::{Shape, model};
use support::{Call, Dice, State, open, prefix_of, run, say, spread, state, tiny};

/// The k-th call fails, for k up to this and for as long as a workload comes so far.
const TIMES_MAX: u64 = 60;
const CALLS: usize = 40;

/// A fault, and whether it strikes a log at work or one that opens what an earlier life left.
#[derive(Debug, Clone, Copy)]
struct Case {
    call: DiskCall,
    fault: Fault,
    lasting: bool,
    nth: u64,
    at_open: bool,
}

/// How the cases ended.
#[derive(Default)]
struct Ends {
    struck: BTreeMap<DiskCall, usize>,
    not_opened: usize,
    stopped: usize,
    went_on: usize,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for call in DiskCall::ALL {
        for fault in [Fault::Io, Fault::Full, Fault::Short] {
            if fault == Fault::Short && call != DiskCall::Write {
                continue;
            }
            for (lasting, at_open) in [(false, false), (true, false), (false, true), (true, true)] {
                cases.extend((1..=TIMES_MAX).map(|nth| Case { call, fault, lasting, nth, at_open }));
            }
        }
    }
    cases
}

/// What a log at work was asked, and how much of it was acknowledged before it stopped.
struct Work {
    accepted: Vec<(usize, Call)>,
    acknowledged: usize,
    stopped: bool,
}

/// Makes calls until the log stops; reads in between.
async fn work(log: &EmbeddedLog, case: &Case) -> Work {
    let mut dice = Dice::new(case.nth);
    let mut work = Work { accepted: Vec::new(), acknowledged: 0, stopped: false };
    for number in 0..CALLS {
        let shape = if case.nth.is_multiple_of(2) { Shape::Mixed } else { Shape::Retention };
        let call = shape.call(&mut dice);
        match call.make(log, number).await {
            Err(LogError::NoSpace) => continue,
            Err(LogError::Stopped(_)) => {
                // What became of it is not known.
                work.accepted.push((number, call));
                work.stopped = true;
                return work;
            }
            Err(error @ (LogError::Io { .. } | LogError::Corrupt { .. })) => panic!("{case:?}: {error}"),
            _ => work.accepted.push((number, call)),
        }
        work.acknowledged += 1;
        if number % 5 == 0 {
            look(log, &work, case).await;
        }
    }
    work
}

/// What is read is right, or the read is refused because the disk refused.
async fn look(log: &EmbeddedLog, work: &Work, case: &Case) {
    match state(log).await {
        Ok(found) => assert_eq!(found, *model(&[], &work.accepted).await.last().unwrap(), "{case:?}"),
        Err(LogError::Io { .. } | LogError::NoSpace) => {}
        Err(other) => panic!("{case:?}: a read: {other}"),
    }
}

fn arm(vfs: &FaultVfs, case: &Case) {
    match case.lasting {
        true => vfs.fail_from(case.call, case.nth, case.fault),
        false => vfs.fail_nth_of(case.call, case.nth, case.fault),
    }
}

/// Strikes a log at work.
async fn strike(case: &Case, ends: &mut Ends) {
    let vfs = FaultVfs::default();
    arm(&vfs, case);
    // Without a cache sealed segments and their sidecars are opened for each read.
    let opened = EmbeddedLog::open(EmbeddedConfig { cache_bytes: 0, ..tiny(&vfs) });
    let done = match &opened {
        Ok(log) => {
            let done = work(log, case).await;
            assert!(!done.stopped || *log.stopped().borrow(), "{case:?}: a log that refuses for good says so");
            done
        }
        Err(LogError::Io { .. } | LogError::NoSpace) => Work { accepted: vec![], acknowledged: 0, stopped: false },
        Err(other) => panic!("{case:?}: {other}"),
    };
    let end = match (&opened, done.stopped) {
        (Err(_), _) => &mut ends.not_opened,
        (Ok(_), true) => &mut ends.stopped,
        (Ok(_), false) => &mut ends.went_on,
    };
    drop(opened);
    if vfs.heal() == 0 {
        return;
    }
    *end += 1;
    *ends.struck.entry(case.call).or_default() += 1;
    let states = model(&[], &done.accepted).await;
    reopen(&vfs, CrashStates::default(), &states, done.acknowledged, case).await;
}

/// Strikes a log that opens what `image` holds.
async fn strike_open(image: &DiskImage, kept: &State, case: &Case, ends: &mut Ends) {
    let vfs = FaultVfs::from_image(image);
    arm(&vfs, case);
    let opened = EmbeddedLog::open(tiny(&vfs));
    let end = match &opened {
        Ok(_) => &mut ends.went_on,
        Err(LogError::Io { .. } | LogError::NoSpace) => &mut ends.not_opened,
        Err(other) => panic!("{case:?}: {other}"),
    };
    drop(opened);
    if vfs.heal() == 0 {
        return;
    }
    *end += 1;
    *ends.struck.entry(case.call).or_default() += 1;
    reopen(&vfs, CrashStates::from_image(image), std::slice::from_ref(kept), 0, case).await;
}

/// The process restarts; the system's cache may show what a failed flush did not write. Then the machine goes down: what
/// was shown must be on the disk.
async fn reopen(vfs: &FaultVfs, mut disk: CrashStates, states: &[State], acknowledged: usize, case: &Case) {
    let again = EmbeddedLog::open(tiny(vfs)).unwrap_or_else(|error| panic!("{case:?}: again: {error}"));
    let shown = state(&*again).await.unwrap_or_else(|error| panic!("{case:?}: again: {error}"));
    let prefix = prefix_of(states, acknowledged, &shown).unwrap_or_else(|| panic!("{case:?}: lost"));
    vfs.journal().iter().for_each(|event| disk.advance(event));
    for survival in [Survival::None, Survival::All, Survival::Random(case.nth), Survival::Sectors(case.nth)] {
        let log = open(&disk.image(survival)).1.unwrap_or_else(|error| panic!("{case:?}, {survival:?}: {error}"));
        let after = state(&*log).await.unwrap();
        assert!(prefix_of(states, prefix, &after).is_some(), "{case:?}, {survival:?}: read, then lost");
    }
}

/// A crashed log with work for its recovery: a torn tail, unfinished files, sidecars to write.
async fn crashed() -> (DiskImage, State) {
    let (life, _) = support::life::live(Shape::Retention, 5, 60).await;
    let mut best = (0, DiskImage::new());
    let mut disk = CrashStates::default();
    for event in &life.vfs.journal() {
        disk.advance(event);
        let image = disk.image(Survival::Sectors(2));
        let unfinished = image.keys().filter(|path| path.extension().is_some_and(|kind| kind == "new")).count();
        let work = image.len() + 10 * unfinished;
        if work > best.0 {
            best = (work, image);
        }
    }
    let image = best.1;
    let log = open(&image).1.unwrap();
    let kept = state(&*log).await.unwrap();
    (image, kept)
}

#[test]
fn every_call_may_fail_at_any_time() {
    let (image, kept) = run(crashed());
    let strike_one = |case: &Case, ends: &mut Ends| {
        run(async {
            match case.at_open {
                true => strike_open(&image, &kept, case, ends).await,
                false => strike(case, ends).await,
            }
        });
    };
    let ends = spread(&cases(), strike_one, |total: &mut Ends, part| {
        part.struck.into_iter().for_each(|(call, count)| *total.struck.entry(call).or_default() += count);
        total.not_opened += part.not_opened;
        total.stopped += part.stopped;
        total.went_on += part.went_on;
    });
    let sum: usize = ends.struck.values().sum();
    say(&format!(
        "failed calls: {sum} runs ({:?}): {} did not open, {} stopped, {} went on; 0 acknowledged lost after a restart, 0 \
         read then lost after a crash behind it",
        ends.struck, ends.not_opened, ends.stopped, ends.went_on
    ));
    assert!(DiskCall::ALL.iter().all(|call| ends.struck.contains_key(call)), "each kind was struck: {:?}", ends.struck);
    assert!(ends.stopped > 100 && ends.went_on > 100 && ends.not_opened > 100);
}
