//! Segments that are used again: what they held before must never show, in no crash, and to no reader that comes late.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use log::embedded::EmbeddedLog;
use log::vfs::{Event, FaultVfs};
use log::{Log, LogError};
use support::{Call, breathe, crash_everywhere, live, model_states, open, prefix_of, run, state, tiny};
use types::{Offset, PartitionId};

/// Appends of several lengths to two partitions; every few calls one of them is trimmed to its end, so that segments die
/// and come back all the time.
fn churn(calls: usize) -> Vec<Call> {
    let lengths = [vec![1_900], vec![700, 10], vec![90, 90, 90, 1_200], vec![0, 400]];
    let call = |number: usize| match number % 5 {
        4 => Call::Trim(number as u64 / 5 % 2, 1 << 40),
        _ => Call::Append(vec![(number as u64 % 2, lengths[number / 3 % lengths.len()].clone())]),
    };
    (0..calls).map(call).collect()
}

/// How often a dead segment became a new one.
fn recycled(journal: &[Event]) -> usize {
    let is = |path: &std::path::Path, kind: &str| path.extension().is_some_and(|extension| extension == kind);
    let renames = journal.iter().filter(|event| match event {
        Event::Rename { from, to, .. } => is(from, "free") && is(to, "log"),
        _ => false,
    });
    renames.count()
}

/// Bytes of the files with this ending.
fn bytes(vfs: &FaultVfs, kind: &str) -> u64 {
    let files = vfs.live().into_iter().filter(|(path, _)| path.extension().is_some_and(|extension| extension == kind));
    files.map(|(_, bytes)| bytes.len() as u64).sum()
}

#[test]
fn no_crash_brings_back_what_a_segment_held_before() {
    let calls = churn(120);
    let (states, vfs) = (run(model_states(&calls)), FaultVfs::default());
    let acknowledged = live(&vfs, &calls);
    let journal = vfs.journal();
    assert!(recycled(&journal) > 10, "{} segments were recycled", recycled(&journal));
    let crashes = crash_everywhere(&journal, &acknowledged, (4, 3), |what, promise, image| {
        let log = open(image).1.unwrap_or_else(|error| panic!("{what}: {error}"));
        let shown = run(state(&*log)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(prefix_of(&states, promise, &shown).is_some(), "{what}: {shown:#?}");
    });
    println!("{crashes} crash states");
}

#[test]
fn a_log_that_is_trimmed_stays_in_its_files() {
    run(async {
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
        for (number, call) in churn(2_000).iter().enumerate() {
            call.make(&*log, number).await.unwrap();
        }
        // The maintenance thread may still be at work.
        thread::sleep(Duration::from_millis(100));
        let space = log.space();
        assert!(space.live <= space.segments && space.retired > 0, "{space:?}");
        assert_eq!(space.segments + space.ready, bytes(&vfs, "log"), "{space:?}");
        assert_eq!(space.retired, bytes(&vfs, "free"), "{space:?}");
        let kept = state(&*log).await.unwrap();
        log.shutdown().await.unwrap();
        drop(log);
        let files = vfs.live().len();
        assert!(files < 24, "{files} files for six records");
        // A start with dead segments waiting takes them into use again.
        assert!(bytes(&vfs, "free") > 0);
        let before = vfs.moment();
        let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
        assert_eq!(state(&*log).await.unwrap(), kept);
        for (number, call) in churn(40).iter().enumerate() {
            call.make(&*log, number).await.unwrap();
            breathe();
        }
        assert!(recycled(&vfs.journal()[before..]) > 0);
    });
}

#[test]
fn a_reader_that_comes_late_hears_that_the_records_are_trimmed() {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        for _reader in 0..3 {
            scope.spawn(|| {
                run(async {
                    while !ended.load(Ordering::Relaxed) {
                        let Some(bounds) = log.bounds(PartitionId(0)) else { continue };
                        let from = Offset(bounds.start.0);
                        match log.read(PartitionId(0), from, 10, 1 << 20).await {
                            Ok(page) => assert!(page.records.iter().all(|record| record.key.starts_with(b"k"))),
                            Err(LogError::Trimmed { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            });
        }
        run(async {
            for (number, call) in churn(3_000).iter().enumerate() {
                call.make(&*log, number).await.unwrap();
            }
        });
        ended.store(true, Ordering::Relaxed);
    });
    assert!(recycled(&vfs.journal()) > 100);
}
