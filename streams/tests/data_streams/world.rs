//! The world of a test: a log that survives restarts, a clock moved by hand, everything else fresh.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use log::{CommandLog, CommandLogConfig, MemoryLog};
use streams::{Catalog, CreateStream, Parts, PutEntry, Streams, StreamsConfig};
use tokio::sync::watch;
use types::{AccountId, Applier, Clock, Domain, Region, Scope, Sleep, StreamName, SystemRandom, Timestamp};

use crate::encryption::Keys;

/// Time passes when the test says so, and sleeps end with it.
pub(crate) struct ManualClock(watch::Sender<u64>);

impl ManualClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(1_700_000_000_000)))
    }

    pub(crate) fn advance(&self, span: Duration) {
        self.0.send_modify(|now| *now += span.as_millis() as u64);
    }

    pub(crate) fn set_back(&self, span: Duration) {
        self.0.send_modify(|now| *now -= span.as_millis() as u64);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(*self.0.borrow())
    }

    fn sleep(&self, span: Duration) -> Sleep {
        let end = self.now().after(span).0;
        let mut time = self.0.subscribe();
        Box::pin(async move {
            if time.wait_for(|now| *now >= end).await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }
}

pub(crate) struct World {
    pub(crate) log: Arc<MemoryLog>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) streams: Streams,
    pub(crate) scope: Scope,
    pub(crate) master_keys: Arc<Keys>,
    commands: Arc<CommandLog>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = ManualClock::new();
        Self::over(Arc::default(), clock, StreamsConfig::default(), Arc::default()).await
    }

    pub(crate) async fn with(config: StreamsConfig) -> Self {
        let clock = ManualClock::new();
        Self::over(Arc::default(), clock, config, Arc::default()).await
    }

    /// A new process over what the old one left.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(StreamsConfig::default()).await
    }

    pub(crate) async fn restart_with(self, config: StreamsConfig) -> Self {
        // It answers when its snapshot is written: a process that ends does not write behind the back of the next.
        self.commands.state_hash().await.unwrap();
        Self::over(self.log, self.clock, config, self.master_keys).await
    }

    async fn over(log: Arc<MemoryLog>, clock: Arc<ManualClock>, config: StreamsConfig, master_keys: Arc<Keys>) -> Self {
        let catalog = Arc::new(Catalog::default());
        let appliers = HashMap::from([(Domain::Streams, catalog.clone() as Arc<dyn Applier>)]);
        // A snapshot after every few commands and no trim: each restart replays all commands and compares each snapshot.
        let keep = CommandLogConfig { commands_max: 1, keep_all: true, ..CommandLogConfig::default() };
        let commands = CommandLog::open_with(log.clone(), clock.clone(), appliers, keep).await.unwrap();
        let commands = Arc::new(commands);
        let streams = Streams::new(Parts {
            catalog,
            log: log.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            token_secret: [1; 32],
            master_keys: master_keys.clone(),
            config,
        });
        streams.resume().await.unwrap();
        let scope =
            Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() };
        Self { log, clock, streams, scope, master_keys, commands }
    }

    pub(crate) async fn create(&self, name: &str, shards: u32) -> StreamName {
        let name = StreamName::parse(name).unwrap();
        let request = CreateStream::provisioned(name.clone(), shards);
        self.streams.create_stream(&self.scope, request).await.unwrap();
        name
    }

    pub(crate) async fn put(&self, name: &StreamName, data: &str) -> streams::Placed {
        let placed = self.streams.put_records(&self.scope, name, vec![entry("key", data)]).await.unwrap();
        placed.into_iter().next().unwrap().unwrap()
    }

    /// Data of one page at a position of shard 0.
    pub(crate) async fn read(&self, name: &StreamName, position: streams::Position) -> Vec<String> {
        let shard = types::ShardId(0);
        let iterator = self.streams.shard_iterator(&self.scope, name, shard, position).await.unwrap();
        data(self.streams.get_records(&iterator, None).await.unwrap().records)
    }
}

pub(crate) fn entry(key: &str, data: &str) -> PutEntry {
    PutEntry {
        partition_key: Some(Bytes::copy_from_slice(key.as_bytes())),
        explicit_hash_key: None,
        data: Bytes::copy_from_slice(data.as_bytes()),
    }
}

pub(crate) fn data(records: Vec<types::Record>) -> Vec<String> {
    records.into_iter().map(|record| String::from_utf8(record.data.to_vec()).unwrap()).collect()
}
