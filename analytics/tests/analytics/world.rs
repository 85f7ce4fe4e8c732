//! The world of a test: a log that survives a crash, everything else made anew by each life.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use analytics::{Analytics, AnalyticsError, Application, Configuration, CreateApplication};
use bytes::Bytes;
use log::{Appended, Bounds, CommandLog, Log, MemoryLog, Page, PartitionAppend, Pending};
use streams::aggregation::{Aggregator, UserRecord};
use streams::{CreateStream, PutEntry, Start, StreamMode, Streams};
use tokio::sync::watch;
use types::{
    AccountId, ApplicationName, Applier, Clock, Domain, Offset, PartitionId, Region, Scope, Sleep, StreamName,
    SystemRandom, Timestamp,
};

/// A clock that tests move, and that goes on by a millisecond with each turn of somebody who sleeps.
#[derive(Default)]
pub(crate) struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    pub(crate) fn advance(&self, span: Duration) {
        self.0.fetch_add(span.as_millis() as u64, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000 + self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, span: Duration) -> Sleep {
        let now = self.0.clone();
        let due = now.load(Ordering::SeqCst) + span.as_millis() as u64;
        Box::pin(async move {
            while now.fetch_add(1, Ordering::SeqCst) < due {
                tokio::task::yield_now().await;
            }
        })
    }
}

/// A log whose appends take a few turns before and after they are durable, so that a crash can fall into both.
#[derive(Default)]
pub(crate) struct SlowLog {
    inner: Arc<MemoryLog>,
}

async fn turns(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}

impl Log for SlowLog {
    fn append(&self, batch: Vec<PartitionAppend>, now: Timestamp) -> Pending<Vec<Appended>> {
        let inner = self.inner.clone();
        Box::pin(async move {
            turns(2).await;
            let appended = inner.append(batch, now).await;
            turns(2).await;
            appended
        })
    }

    fn read(&self, partition: PartitionId, from: Offset, records_max: usize, bytes_max: usize) -> Pending<Page> {
        self.inner.read(partition, from, records_max, bytes_max)
    }

    fn offset_at_time(&self, partition: PartitionId, time: Timestamp) -> Pending<Offset> {
        self.inner.offset_at_time(partition, time)
    }

    fn close(&self, partition: PartitionId, now: Timestamp) -> Pending<Offset> {
        self.inner.close(partition, now)
    }

    fn bounds(&self, partition: PartitionId) -> Option<Bounds> {
        self.inner.bounds(partition)
    }

    fn watch(&self, partition: PartitionId) -> watch::Receiver<Offset> {
        self.inner.watch(partition)
    }

    fn trim(&self, partition: PartitionId, before: Offset) -> Pending<()> {
        self.inner.trim(partition, before)
    }

    fn drop_partition(&self, partition: PartitionId) -> Pending<()> {
        self.inner.drop_partition(partition)
    }

    fn bytes_appended(&self) -> u64 {
        self.inner.bytes_appended()
    }

    fn shutdown(&self) -> Pending<()> {
        Box::pin(async { Ok(()) })
    }
}

/// What outlives a crash.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    pub(crate) log: Arc<SlowLog>,
    pub(crate) clock: Arc<ManualClock>,
}

/// One process over the disk.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) streams: Streams,
    pub(crate) analytics: Analytics,
    pub(crate) scope: Scope,
}

impl World {
    pub(crate) async fn start(disk: &Disk) -> Self {
        let (streams, analytics) = (Arc::<streams::Catalog>::default(), Arc::<analytics::Catalog>::default());
        let appliers = HashMap::from([
            (Domain::Streams, streams.clone() as Arc<dyn Applier>),
            (Domain::Analytics, analytics.clone() as Arc<dyn Applier>),
        ]);
        let clock = disk.clock.clone();
        let commands = Arc::new(CommandLog::open(disk.log.clone(), clock.clone(), appliers).await.unwrap());
        let streams = Streams::new(streams::Parts {
            catalog: streams,
            log: disk.log.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
            token_secret: [1; 32],
            master_keys: Arc::new(streams::NoMasterKeys),
            config: streams::StreamsConfig::default(),
        });
        streams.resume().await.unwrap();
        let analytics = Analytics::new(analytics::Parts {
            catalog: analytics,
            streams: streams.clone(),
            commands,
            clock: clock.clone(),
            random: Arc::new(SystemRandom),
        });
        analytics.resume().await.unwrap();
        let scope =
            Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() };
        Self { clock, streams, analytics, scope }
    }

    pub(crate) async fn create_stream(&self, name: &str, shards: u32) {
        let request = CreateStream {
            name: stream(name),
            mode: StreamMode::Provisioned,
            shard_count: Some(shards),
            record_bytes_max: None,
            tags: BTreeMap::new(),
            warm_mibps: None,
            distribution: streams::Distribution::default(),
        };
        self.streams.create_stream(&self.scope, request).await.unwrap();
    }

    /// Puts a record into the half of the hash space that `shard` (0 or 1) names; several lines are one aggregate.
    pub(crate) async fn put(&self, name: &str, shard: u128, data: &str) {
        let user = |data: &str| UserRecord {
            partition_key: "k".into(),
            explicit_hash_key: Some((shard << 127).to_string()),
            data: Bytes::copy_from_slice(data.as_bytes()),
        };
        let mut aggregator = Aggregator::new(1 << 20);
        let record = match data.contains('\n') {
            false => user(data),
            true => {
                data.lines().for_each(|line| aggregator.push(user(line)));
                aggregator.take().unwrap().record
            }
        };
        let UserRecord { partition_key, explicit_hash_key, data } = record;
        let entry = PutEntry { partition_key: Some(partition_key.into()), explicit_hash_key, data };
        self.streams.put_records(&self.scope, &stream(name), vec![entry]).await.unwrap();
    }

    /// Every record of a stream, in order of shard and position.
    pub(crate) async fn rows(&self, name: &str) -> Vec<String> {
        let found = self.streams.stream(&self.scope, &stream(name)).unwrap();
        let mut rows = Vec::new();
        for shard in &found.shards {
            let mut cursor = self.streams.shard_cursor(&found, shard, Start::Horizon).await.unwrap();
            while cursor.records_behind() > 0 {
                let page = cursor.next_page(1000, 1 << 20).await.unwrap();
                rows.extend(page.records.into_iter().map(|r| String::from_utf8(r.data.to_vec()).unwrap()));
            }
        }
        rows
    }

    /// Waits until a stream holds that many records.
    pub(crate) async fn wait_for_rows(&self, name: &str, count: usize) -> Vec<String> {
        for _ in 0..10_000 {
            let rows = self.rows(name).await;
            if rows.len() >= count {
                return rows;
            }
            tokio::task::yield_now().await;
        }
        panic!("{name} holds {:?}, expected {count}", self.rows(name).await);
    }

    pub(crate) async fn create(&self, name: &str, sql: &str) -> Result<Arc<Application>, AnalyticsError> {
        let configuration = Configuration {
            runtime_environment: "FLINK-1_20".into(),
            service_execution_role: "arn:aws:iam::000000000000:role/r".into(),
            description: None,
            mode: None,
            sql: Some(sql.into()),
            snapshots_enabled: true,
            checkpointing: None,
            parallelism: None,
            monitoring: None,
            properties: BTreeMap::new(),
            log_streams: Vec::new(),
        };
        let request = CreateApplication { name: app(name), configuration, tags: BTreeMap::new() };
        self.analytics.create(&self.scope, request).await
    }
}

pub(crate) fn stream(name: &str) -> StreamName {
    StreamName::parse(name).unwrap()
}

pub(crate) fn app(name: &str) -> ApplicationName {
    ApplicationName::parse(name).unwrap()
}
