//! A disk that fills up or stalls, and a thread that panics; `calls.rs` has the calls that fail.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::{Fault, FaultVfs};
use log::{Log, LogError};
use support::domains::{Change, Domains, every, submit};
use support::{Call, model_states, prefix_of, run, state, tiny, workload};
use types::{Domain, Offset, PartitionId};

/// Makes the calls one after the other and answers how many were acknowledged before the log stopped.
async fn perform(log: &EmbeddedLog, calls: &[Call]) -> usize {
    for (number, call) in calls.iter().enumerate() {
        if let Err(LogError::Stopped(_)) = call.make(log, number).await {
            return number;
        }
    }
    calls.len()
}

#[test]
fn a_panic_in_a_thread_of_the_log_stops_it() {
    run(async {
        let calls = workload(78, 50);
        let states = model_states(&calls).await;
        let mut stops = 0;
        for nth in 1..60 {
            let vfs = FaultVfs::default();
            let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
            vfs.fail_nth(nth, Fault::Panic);
            let acknowledged = perform(&log, &calls).await;
            if acknowledged < calls.len() {
                stops += 1;
                log.stopped().wait_for(|stopped| *stopped).await.unwrap();
            }
            let _stopped = log.shutdown().await;
            drop(log);
            let again = EmbeddedLog::open(tiny(&vfs)).unwrap();
            let shown = state(&*again).await.unwrap();
            assert!(prefix_of(&states, acknowledged, &shown).is_some(), "call {nth}");
        }
        assert!(stops > 30, "{stops} runs were stopped");
    });
}

#[test]
fn a_full_disk_refuses_appends_and_recovers() {
    run(async {
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(EmbeddedConfig { segment_bytes: 32 << 10, ..tiny(&vfs) }).unwrap();
        vfs.set_capacity(Some(100 << 10));
        let append = Call::Append(vec![(0, vec![900]), (1, vec![])]);
        for _cycle in 0..5 {
            let mut accepted = 0;
            let refusal = loop {
                match append.make(&*log, accepted).await {
                    Ok(()) => accepted += 1,
                    Err(error) => break error,
                }
            };
            assert_eq!(refusal, LogError::NoSpace);
            let bounds = log.bounds(PartitionId(0)).unwrap();
            let page = log.read(PartitionId(0), bounds.start, usize::MAX, usize::MAX).await.unwrap();
            assert_eq!(page.records.len() as u64, bounds.end.0 - bounds.start.0, "reads go on");
            log.trim(PartitionId(0), bounds.end).await.unwrap();
            // The removal is in the background.
            let mut patience = 500;
            while append.make(&*log, 0).await == Err(LogError::NoSpace) {
                patience -= 1;
                assert!(patience > 0, "space came back and appends did not");
                std::thread::sleep(Duration::from_millis(2));
            }
        }
        assert!(!*log.stopped().borrow());
        let kept = state(&*log).await.unwrap();
        log.shutdown().await.unwrap();
        drop(log);
        let again = EmbeddedLog::open(EmbeddedConfig { segment_bytes: 32 << 10, ..tiny(&vfs) }).unwrap();
        assert_eq!(state(&*again).await.unwrap(), kept);
    });
}

#[test]
fn a_full_disk_takes_what_can_cure_it() {
    run(async {
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(EmbeddedConfig { segment_bytes: 64 << 10, ..tiny(&vfs) }).unwrap();
        let domains = Domains::default();
        let commands = domains.open(log.clone() as Arc<dyn Log>, every(1_000_000)).await.unwrap();
        vfs.set_capacity(Some(150 << 10));
        // A number that `Call` does not make vital.
        let fill = Call::Append(vec![(1, vec![90])]);
        while fill.make(&*log, 1).await.is_ok() {}
        let mut taken = 0;
        while submit(&commands, Domain::Streams, &Change::Add(taken, "v".into())).await.is_ok() {
            taken += 1;
        }
        assert!(taken >= 8, "{taken} commands were taken on a full disk");
        assert_eq!(domains.streams.rows().len() as u64, taken);
        for _trim in 0..8 {
            log.trim(PartitionId(0), Offset(0)).await.unwrap();
            log.drop_partition(PartitionId(1)).await.unwrap();
        }
        let mut patience = 500;
        while submit(&commands, Domain::Delivery, &Change::Add(1, "v".into())).await.is_err() {
            patience -= 1;
            assert!(patience > 0, "space came back and commands did not");
            std::thread::sleep(Duration::from_millis(2));
        }
        drop(commands);
        log.shutdown().await.unwrap();
        drop(log);
        let again = Domains::default();
        let log = EmbeddedLog::open(EmbeddedConfig { segment_bytes: 64 << 10, ..tiny(&vfs) }).unwrap();
        again.open(log as Arc<dyn Log>, every(1_000_000)).await.unwrap();
        assert_eq!(again.rows(), domains.rows());
    });
}

/// Lets the disk go on at the end of a test, also of one that fails: the log waits for it when it is dropped.
struct Stalled(FaultVfs);

impl Drop for Stalled {
    fn drop(&mut self) {
        self.0.stall_syncs(false);
    }
}

#[test]
fn nothing_is_seen_before_its_flush_and_a_full_queue_refuses() {
    run(async {
        let vfs = FaultVfs::default();
        let config = EmbeddedConfig { queue_bytes: 10_000, segment_bytes: 1 << 20, ..tiny(&vfs) };
        let log = EmbeddedLog::open(config).unwrap();
        Call::Append(vec![(0, vec![10])]).make(&*log, 0).await.unwrap();
        let watcher = log.watch(PartitionId(0));
        vfs.stall_syncs(true);
        let _stalled = Stalled(vfs.clone());
        let mut stalled = Call::Append(vec![(0, vec![10])]).make(&*log, 1);
        std::thread::sleep(Duration::from_millis(30));
        assert!(matches!(futures_util::poll!(&mut stalled), Poll::Pending), "acknowledged before the flush");
        assert_eq!(log.bounds(PartitionId(0)).unwrap().end, Offset(1), "visible before the flush");
        assert_eq!(*watcher.borrow(), Offset(1));
        assert!(log.read(PartitionId(0), Offset(1), 9, 9).await.unwrap().records.is_empty(), "read before the flush");
        let waiting: Vec<_> = (2..7).map(|n| Call::Append(vec![(0, vec![3_000])]).make(&*log, n)).collect();
        let mut outcomes = Vec::new();
        vfs.stall_syncs(false);
        for pending in waiting {
            outcomes.push(pending.await);
        }
        stalled.await.unwrap();
        let refused = |outcome: &&Result<(), LogError>| **outcome == Err(LogError::Overloaded);
        assert_eq!(outcomes.iter().filter(refused).count(), 2, "{outcomes:?}");
        assert_eq!(log.bounds(PartitionId(0)).unwrap().end, Offset(5));
    });
}

#[test]
fn an_idle_log_writes_one_marker_and_then_nothing() {
    run(async {
        let vfs = FaultVfs::default();
        // Long enough that no segment is made ahead meanwhile.
        let log = EmbeddedLog::open(EmbeddedConfig { segment_bytes: 64 << 10, ..tiny(&vfs) }).unwrap();
        Call::Append(vec![(0, vec![10])]).make(&*log, 0).await.unwrap();
        let acknowledged = vfs.moment();
        // Loaded machines wake threads late, so wait for the marker (a write and a sync) and not for a time.
        let mut patience = 2_000;
        while vfs.moment() < acknowledged + 2 {
            patience -= 1;
            assert!(patience > 0, "no marker was written");
            std::thread::sleep(Duration::from_millis(10));
        }
        std::thread::sleep(Duration::from_millis(200));
        assert_eq!(vfs.moment(), acknowledged + 2);
    });
}

#[test]
fn a_disk_that_stops_now_and_then_delays_and_breaks_nothing() {
    run(async {
        let calls = workload(79, 120);
        let states = model_states(&calls).await;
        let vfs = FaultVfs::default();
        let log = EmbeddedLog::open(tiny(&vfs)).unwrap();
        let mut done = 0;
        for (round, chunk) in calls.chunks(4).enumerate() {
            vfs.stall_syncs(true);
            let _stalled = Stalled(vfs.clone());
            let pending: Vec<_> = chunk.iter().enumerate().map(|(i, call)| call.make(&*log, done + i)).collect();
            if round % 6 == 0 {
                // The queue's next batch waits behind a flush by now.
                std::thread::sleep(Duration::from_millis(3));
            }
            assert_eq!(state(&*log).await.unwrap(), states[done], "reads go on, and show what is durable");
            vfs.stall_syncs(false);
            for pending in pending {
                let _refused = pending.await;
            }
            done += chunk.len();
        }
        assert_eq!(state(&*log).await.unwrap(), *states.last().unwrap());
        assert!(!*log.stopped().borrow());
    });
}
