//! The command log on both engines: order, replay, refusals.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use log::{COMMAND_PARTITION, CommandLog, Log, LogError, MemoryLog, NewRecord, PartitionAppend};
use types::{
    Applier, Clock, Command, CommandMeta, Commands, Domain, Kind, Offset, Rejected, Sleep, SubmitError, Timestamp,
};

/// A clock that stands.
struct Still(u64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(self.0)
    }

    fn sleep(&self, _span: std::time::Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }
}

/// Remembers every command, and refuses those that stand there already.
#[derive(Default)]
struct Names(Mutex<Vec<(u64, u64, String)>>);

impl Applier for Names {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let name: String = serde_json::from_slice(body).unwrap();
        let mut names = self.0.lock().unwrap();
        if names.iter().any(|(_, _, known)| *known == name) {
            return Err(Rejected { kind: Kind::InUse, message: format!("{name} is there") });
        }
        names.push((meta.offset.0, meta.time.0, name));
        Ok(())
    }

    fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(&*self.0.lock().unwrap()).unwrap()
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        *self.0.lock().unwrap() = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        Ok(())
    }
}

impl Names {
    fn all(&self) -> Vec<(u64, u64, String)> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Default)]
struct Both {
    streams: Arc<Names>,
    delivery: Arc<Names>,
}

impl Both {
    async fn open(&self, log: Arc<dyn Log>, now: u64) -> Result<CommandLog, LogError> {
        let appliers: HashMap<Domain, Arc<dyn Applier>> = HashMap::from([
            (Domain::Streams, self.streams.clone() as _),
            (Domain::Delivery, self.delivery.clone() as _),
        ]);
        CommandLog::open(log, Arc::new(Still(now)), appliers).await
    }
}

async fn submit(commands: &CommandLog, domain: Domain, body: &str) -> Result<u64, String> {
    let submitted = commands.submit(Command { domain, body: Bytes::copy_from_slice(body.as_bytes()) }).await;
    submitted.map(|meta| meta.offset.0).map_err(|error| match error {
        SubmitError::Rejected(rejected) => rejected.message,
        SubmitError::Log { message, .. } => format!("log: {message}"),
    })
}

async fn replay_gives_the_same_state(log: Arc<dyn Log>) {
    let first = Both::default();
    let commands = first.open(Arc::clone(&log), 50).await.unwrap();
    assert_eq!(submit(&commands, Domain::Streams, r#""a""#).await, Ok(0));
    assert_eq!(submit(&commands, Domain::Delivery, r#" "a" "#).await, Ok(1), "each domain has its own state");
    assert_eq!(submit(&commands, Domain::Streams, r#""a""#).await, Err("a is there".into()));
    assert!(submit(&commands, Domain::Analytics, r#""a""#).await.is_err(), "nobody applies it");
    assert!(submit(&commands, Domain::Streams, "not JSON").await.unwrap_err().starts_with("log: "));
    assert_eq!(submit(&commands, Domain::Streams, r#""b""#).await, Ok(4), "refused commands keep their place");
    let second = Both::default();
    let commands = second.open(Arc::clone(&log), 20).await.unwrap();
    assert_eq!(second.streams.all(), [(0, 50, "a".to_string()), (4, 50, "b".to_string())]);
    assert_eq!((first.streams.all(), first.delivery.all()), (second.streams.all(), second.delivery.all()));
    assert_eq!(submit(&commands, Domain::Streams, r#""b""#).await, Err("b is there".into()));
    assert_eq!(submit(&commands, Domain::Streams, r#""c""#).await, Ok(6));
    assert_eq!(second.streams.all()[2], (6, 50, "c".into()), "command times never go back");
}

#[tokio::test]
async fn on_the_model() {
    replay_gives_the_same_state(Arc::new(MemoryLog::default())).await;
}

#[tokio::test]
async fn on_the_embedded_log() {
    let config = EmbeddedConfig { vfs: Arc::new(FaultVfs::default()), segment_bytes: 1, ..EmbeddedConfig::at("/log") };
    replay_gives_the_same_state(EmbeddedLog::open(config).unwrap()).await;
}

#[tokio::test]
async fn commands_submitted_at_once_are_applied_in_log_order() {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    let domains = Both::default();
    let commands = domains.open(Arc::clone(&log), 1).await.unwrap();
    let tasks: Vec<_> = (0..300)
        .map(|number| {
            let commands = commands.clone();
            tokio::spawn(async move { submit(&commands, Domain::Streams, &format!("\"{number}\"")).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let offsets: Vec<u64> = domains.streams.all().iter().map(|(offset, _, _)| *offset).collect();
    assert_eq!(offsets, (0..300).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_unknown_command_stops_the_start() {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    for value in [r#"{"domain":"tomorrow","body":1}"#, "junk"] {
        let records = vec![NewRecord { key: Bytes::new(), value: Bytes::from_static(value.as_bytes()) }];
        log.append(vec![PartitionAppend { partition: COMMAND_PARTITION, records }], Timestamp(1)).await.unwrap();
        let refused = Both::default().open(Arc::clone(&log), 1).await.unwrap_err();
        assert!(matches!(refused, LogError::Corrupt { .. }), "{refused}");
        log.trim(COMMAND_PARTITION, Offset(1)).await.unwrap();
    }
}

#[tokio::test]
async fn after_shutdown_submitting_fails() {
    let log: Arc<dyn Log> = Arc::new(MemoryLog::default());
    let commands = Both::default().open(Arc::clone(&log), 1).await.unwrap();
    log.shutdown().await.unwrap();
    assert!(submit(&commands, Domain::Streams, r#""a""#).await.unwrap_err().starts_with("log: "));
}
