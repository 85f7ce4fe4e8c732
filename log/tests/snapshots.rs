//! Snapshots of the command log: what they replace, what they are compared with, what a start makes of them.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use bytes::Bytes;
use log::embedded::EmbeddedLog;
use log::vfs::FaultVfs;
use log::{COMMAND_PARTITION, CommandLogConfig, Log, LogError, MemoryLog, NewRecord, PartitionAppend, StateHash};
use support::domains::{Change, Domains, changes, every, submit, submit_as};
use support::{Dice, run, tiny};
use types::{CommandId, Domain, Kind, Offset, PartitionId, SystemRandom, Timestamp};

fn memory() -> Arc<dyn Log> {
    Arc::new(MemoryLog::default())
}

async fn append(log: &dyn Log, key: &str, value: &str) {
    let record = NewRecord { key: Bytes::from(key.to_owned()), value: Bytes::from(value.to_owned()) };
    let part = PartitionAppend { partition: COMMAND_PARTITION, records: vec![record] };
    log.append(vec![part], Timestamp(1)).await.unwrap();
}

/// The keys of the records that are left.
async fn keys(log: &dyn Log) -> Vec<String> {
    let start = log.bounds(COMMAND_PARTITION).unwrap().start;
    let page = log.read(COMMAND_PARTITION, start, usize::MAX, usize::MAX).await.unwrap();
    page.records.iter().map(|record| String::from_utf8(record.key.to_vec()).unwrap()).collect()
}

/// What a start on `log` comes to.
async fn hash_of(log: &Arc<dyn Log>, config: CommandLogConfig) -> StateHash {
    Domains::default().open(log.clone(), config).await.unwrap().state_hash().await.unwrap()
}

fn add(key: u64) -> Change {
    Change::Add(key, "v".into())
}

#[test]
fn a_snapshot_replaces_the_commands_before_it() {
    run(async {
        let log: Arc<dyn Log> = EmbeddedLog::open(tiny(&FaultVfs::default())).unwrap();
        let domains = Domains::default();
        let commands = domains.open(log.clone(), every(10)).await.unwrap();
        for key in 0..25 {
            submit(&commands, Domain::Streams, &add(key)).await.unwrap();
        }
        assert_eq!(keys(&*log).await.iter().filter(|key| *key == "snapshot").count(), 1);
        assert!(log.bounds(COMMAND_PARTITION).unwrap().start > Offset(20), "the first snapshot is gone too");
        let again = Domains::default();
        let commands = again.open(log.clone(), every(10)).await.unwrap();
        assert_eq!(again.rows(), domains.rows());
        let last = domains.rows().0[&24].1;
        let next = submit(&commands, Domain::Delivery, &add(1)).await.unwrap();
        assert_eq!(next.offset, last.offset.next(), "places go on behind a trim");
        let trimmed = log.bounds(COMMAND_PARTITION).unwrap().start;
        log.read(COMMAND_PARTITION, Offset(trimmed.0 - 1), 1, 1).await.unwrap_err();
    });
}

#[test]
fn a_log_without_snapshots_gets_one() {
    run(async {
        let log = memory();
        // As the first version wrote them: without ids.
        for key in 0..30 {
            append(&*log, "", &format!(r#"{{"domain":"streams","body":{{"add":[{key},"v"]}}}}"#)).await;
        }
        let domains = Domains::default();
        let commands = domains.open(log.clone(), every(10)).await.unwrap();
        assert_eq!(domains.rows().0.len(), 30);
        commands.state_hash().await.unwrap();
        assert_eq!(log.bounds(COMMAND_PARTITION).unwrap().start, Offset(30));
        let again = Domains::default();
        again.open(log, every(10)).await.unwrap();
        assert_eq!(again.rows(), domains.rows());
    });
}

#[test]
fn a_large_state_is_cut_into_pieces() {
    run(async {
        let log = memory();
        let domains = Domains::default();
        let commands = domains.open(log.clone(), every(3)).await.unwrap();
        for key in 0..3 {
            submit(&commands, Domain::Delivery, &Change::Add(key, "x".repeat(2_500_000))).await.unwrap();
        }
        let hash = commands.state_hash().await.unwrap();
        let mut pieces: Vec<String> = (0..10).map(|number| format!("piece {number}")).collect();
        pieces.push("snapshot".into());
        assert_eq!(keys(&*log).await, pieces);
        let again = Domains::default();
        let commands = again.open(log.clone(), every(3)).await.unwrap();
        assert_eq!(again.rows(), domains.rows());
        assert_eq!(commands.state_hash().await.unwrap(), hash);
        for key in 3..9 {
            submit(&commands, Domain::Delivery, &add(key)).await.unwrap();
        }
        assert_eq!(keys(&*log).await.len(), pieces.len() + 6, "a state of 7 MB is not written for three commands");
    });
}

#[test]
fn pieces_without_an_end_mean_nothing() {
    run(async {
        let log = memory();
        let domains = Domains::default();
        let commands = domains.open(log.clone(), every(100)).await.unwrap();
        submit(&commands, Domain::Streams, &add(1)).await.unwrap();
        append(&*log, "piece 0", "junk").await;
        append(&*log, "piece 1", "junk").await;
        let commands = Domains::default().open(log.clone(), every(1)).await.unwrap();
        commands.state_hash().await.unwrap();
        assert_eq!(log.bounds(COMMAND_PARTITION).unwrap().start, Offset(3), "the snapshot is behind the junk");
        append(&*log, "piece 0", "junk").await;
        let again = Domains::default();
        again.open(log, every(1)).await.unwrap();
        assert_eq!(again.rows(), domains.rows());
    });
}

#[test]
fn what_is_not_understood_or_damaged_stops_the_start() {
    run(async {
        for (key, value) in [
            ("tomorrow", "{}"),
            ("snapshot", "{}"),
            ("snapshot", r#"{"version":2,"commands":0,"parts":[],"pieces":0,"sha256":""}"#),
            ("snapshot", r#"{"version":1,"commands":0,"parts":[],"pieces":1,"sha256":""}"#),
            ("snapshot", r#"{"version":1,"commands":0,"parts":[],"pieces":0,"sha256":""}"#),
        ] {
            let log = memory();
            append(&*log, key, value).await;
            let refused = Domains::default().open(log, every(9)).await.unwrap_err();
            assert!(matches!(refused, LogError::Corrupt { .. }), "{key} {value}: {refused}");
        }
    });
}

/// Random histories: the state of the server that ran, of a start that goes through everything and compares each
/// snapshot, and of starts that begin at different snapshots are the same.
#[test]
fn every_replay_comes_to_the_same_hash() {
    run(async {
        for seed in 0..40 {
            let mut dice = Dice::new(seed);
            let history = changes(seed, 100 + dice.roll(200) as usize);
            let keep = || CommandLogConfig { keep_all: true, ..every(7 + seed % 5) };
            let (kept, trimmed) = (memory(), memory());
            let (one, other) = (Domains::default(), Domains::default());
            let mut all = one.open(kept.clone(), keep()).await.unwrap();
            let mut some = other.open(trimmed.clone(), every(13)).await.unwrap();
            for (domain, change) in &history {
                let _refused = submit(&all, *domain, change).await;
                let _refused = submit(&some, *domain, change).await;
                if dice.roll(40) == 0 {
                    let before = (all.state_hash().await.unwrap(), some.state_hash().await.unwrap());
                    all = Domains::default().open(kept.clone(), keep()).await.unwrap();
                    some = Domains::default().open(trimmed.clone(), every(13)).await.unwrap();
                    assert_eq!((all.state_hash().await.unwrap(), some.state_hash().await.unwrap()), before);
                }
            }
            let hash = all.state_hash().await.unwrap();
            assert_eq!(hash.commands, history.len() as u64);
            assert_eq!(hash_of(&kept, keep()).await, hash, "seed {seed}, from the first command");
            assert_eq!(hash_of(&kept, keep()).await, hash, "seed {seed}, twice");
            let end = kept.bounds(COMMAND_PARTITION).unwrap().end;
            assert!(keys(&*kept).await.iter().filter(|key| *key == "snapshot").count() > 1);
            for _ in 0..3 {
                kept.trim(COMMAND_PARTITION, start_of_a_snapshot(&*kept, dice.roll(end.0)).await).await.unwrap();
                assert_eq!(hash_of(&kept, keep()).await, hash, "seed {seed}, from a snapshot");
            }
            let hash = some.state_hash().await.unwrap();
            assert_eq!(hash_of(&trimmed, every(13)).await, hash, "seed {seed}, trimmed");
        }
    });
}

/// Where the last snapshot at or before `place` begins, or the start of what is left.
async fn start_of_a_snapshot(log: &dyn Log, place: u64) -> Offset {
    let start = log.bounds(COMMAND_PARTITION).unwrap().start;
    let keys = keys(log).await;
    let first = keys.iter().enumerate().rfind(|(at, key)| *key == "piece 0" && start.0 + *at as u64 <= place);
    first.map_or(start, |(at, _)| Offset(start.0 + at as u64))
}

#[test]
fn a_state_that_no_command_made_is_found() {
    run(async {
        let log = memory();
        let keep = || CommandLogConfig { keep_all: true, ..every(4) };
        let domains = Domains::default();
        let commands = domains.open(log.clone(), keep()).await.unwrap();
        submit(&commands, Domain::Streams, &add(1)).await.unwrap();
        submit(&commands, Domain::Delivery, &add(1)).await.unwrap();
        domains.delivery.tamper();
        submit(&commands, Domain::Streams, &add(2)).await.unwrap();
        submit(&commands, Domain::Streams, &add(3)).await.unwrap();
        commands.state_hash().await.unwrap();
        let refused = Domains::default().open(log, keep()).await.unwrap_err();
        assert_eq!(refused, LogError::Diverged { offset: 7, what: "delivery".into() });
    });
}

#[test]
fn a_command_submitted_again_takes_effect_once() {
    run(async {
        let log = memory();
        let domains = Domains::default();
        let mut commands = domains.open(log.clone(), every(5)).await.unwrap();
        let (taken, refused) = (CommandId::new(&SystemRandom), CommandId::new(&SystemRandom));
        let first = submit_as(&commands, taken, Domain::Streams, &add(1)).await.unwrap();
        let why = submit_as(&commands, refused, Domain::Streams, &add(1)).await.unwrap_err();
        submit(&commands, Domain::Streams, &Change::Remove(1)).await.unwrap();
        for _restart in 0..3 {
            for _again in 0..4 {
                assert_eq!(submit_as(&commands, taken, Domain::Streams, &add(1)).await, Ok(first));
                assert_eq!(submit_as(&commands, refused, Domain::Streams, &add(1)).await, Err(why.clone()));
            }
            assert!(domains.rows().0.is_empty());
            let again = Domains::default();
            commands = again.open(log.clone(), every(5)).await.unwrap();
            assert!(again.rows().0.is_empty());
        }
    });
}

#[test]
fn a_log_that_refuses_snapshots_still_takes_commands() {
    run(async {
        let vfs = FaultVfs::default();
        // No snapshot of this state fits the queue; the commands do.
        let config = log::embedded::EmbeddedConfig { queue_bytes: 3_000, segment_bytes: 1 << 20, ..tiny(&vfs) };
        let log: Arc<dyn Log> = EmbeddedLog::open(config).unwrap();
        let domains = Domains::default();
        let commands = domains.open(log.clone(), every(10)).await.unwrap();
        for key in 0..40 {
            submit(&commands, Domain::Streams, &Change::Add(key, "x".repeat(300))).await.unwrap();
        }
        assert_eq!(log.bounds(COMMAND_PARTITION).unwrap().start, Offset::ZERO);
        let again = Domains::default();
        again.open(log, every(10)).await.unwrap();
        assert_eq!(again.rows(), domains.rows());
    });
}

#[test]
fn failures_keep_their_kind() {
    run(async {
        let vfs = FaultVfs::default();
        let config = log::embedded::EmbeddedConfig { queue_bytes: 3_000, segment_bytes: 1 << 20, ..tiny(&vfs) };
        let log: Arc<dyn Log> = EmbeddedLog::open(config).unwrap();
        let commands = Domains::default().open(log.clone(), every(10)).await.unwrap();
        let long = Change::Add(1, "x".repeat(4_000));
        let refused = submit(&commands, Domain::Streams, &long).await.unwrap_err();
        assert!(refused.starts_with(&format!("log: {:?}", Kind::Throttled)), "{refused}");
        log.shutdown().await.unwrap();
        let refused = submit(&commands, Domain::Streams, &add(1)).await.unwrap_err();
        assert!(refused.starts_with(&format!("log: {:?}", Kind::Unavailable)), "{refused}");
    });
}

#[test]
fn a_command_now_and_then_does_not_pin_the_records_of_others() {
    run(async {
        let vfs = FaultVfs::default();
        let log: Arc<dyn Log> = EmbeddedLog::open(tiny(&vfs)).unwrap();
        let config = CommandLogConfig { log_bytes_max: 20_000, ..every(1_000_000) };
        let commands = Domains::default().open(log.clone(), config).await.unwrap();
        for round in 0..60 {
            submit(&commands, Domain::Streams, &add(round)).await.unwrap();
            let record = NewRecord { key: Bytes::new(), value: Bytes::from(vec![7; 2_000]) };
            let part = PartitionAppend { partition: PartitionId(9), records: vec![record] };
            let appended = log.append(vec![part], Timestamp(1)).await.unwrap();
            log.trim(PartitionId(9), appended[0].first).await.unwrap();
        }
        let bounds = log.bounds(COMMAND_PARTITION).unwrap();
        assert!(bounds.start > Offset(40), "{bounds:?}");
    });
}
