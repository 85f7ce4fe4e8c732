//! Whole delivery streams over a log in memory, with a clock that the test moves.
#![allow(clippy::disallowed_methods, reason = "tests wait for tasks of the runtime, which a moved clock does not run")]

mod channels;
mod clock;
mod direct_put;
mod failing;
mod restart;
mod store;
mod stream_source;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use log::{CommandLog, MemoryLog};
use object_store::ObjectStoreExt;
use streams::{CreateStream, PutEntry, StreamMode, Streams};
use types::{AccountId, Applier, DeliveryStreamName, Domain, Region, Scope, StreamName, SystemRandom};

pub(crate) use clock::ManualClock;
use store::FlakyStore;

use crate::{
    Buckets, BucketsConfig, BufferingHints, Catalog, CreateDeliveryStream, Delivery, Destination, Parts, SourceConfig,
    Stats,
};

/// What survives a crash: the log and the objects.
struct World {
    log: Arc<MemoryLog>,
    clock: Arc<ManualClock>,
    store: Arc<FlakyStore>,
    server: Option<Server>,
}

struct Server {
    streams: Streams,
    delivery: Delivery,
}

fn scope() -> Scope {
    Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() }
}

fn name(text: &str) -> DeliveryStreamName {
    DeliveryStreamName::parse(text).unwrap()
}

fn stream_name(text: &str) -> StreamName {
    StreamName::parse(text).unwrap()
}

fn destination(size_mb: u32, interval_seconds: u32) -> Destination {
    let buffering = BufferingHints { size_mb, interval_seconds };
    Destination { buffering, ..crate::validate::tests::destination() }
}

fn direct_put(destination: Destination) -> CreateDeliveryStream {
    let source = SourceConfig::DirectPut { throughput_hint_mb: None };
    CreateDeliveryStream { name: name("orders"), source, destination, tags: BTreeMap::new() }
}

fn from_stream(stream: &str, destination: Destination) -> CreateDeliveryStream {
    let role_arn = "arn:aws:iam::000000000000:role/firehose".into();
    let source = SourceConfig::Stream { scope: scope(), stream: stream_name(stream), role_arn };
    CreateDeliveryStream { name: name("orders"), source, destination, tags: BTreeMap::new() }
}

impl World {
    async fn new() -> Self {
        let mut world = Self { log: Arc::default(), clock: Arc::default(), store: Arc::default(), server: None };
        world.start().await;
        world
    }

    async fn start(&mut self) {
        let (streams_state, state) = (Arc::<streams::Catalog>::default(), Arc::<Catalog>::default());
        let appliers: HashMap<Domain, Arc<dyn Applier>> =
            HashMap::from([(Domain::Streams, streams_state.clone() as _), (Domain::Delivery, state.clone() as _)]);
        let commands = CommandLog::open(self.log.clone(), self.clock.clone(), appliers).await.unwrap();
        let commands = Arc::new(commands);
        let streams = Streams::new(streams::Parts {
            catalog: streams_state,
            log: self.log.clone(),
            commands: commands.clone(),
            clock: self.clock.clone(),
            random: Arc::new(SystemRandom),
            token_secret: [7; 32],
            master_keys: Arc::new(streams::NoMasterKeys),
            config: streams::StreamsConfig::default(),
        });
        let delivery = Delivery::new(Parts {
            catalog: state,
            streams: streams.clone(),
            commands,
            clock: self.clock.clone(),
            random: Arc::new(SystemRandom),
            buckets: Buckets::open(BucketsConfig::Store(self.store.clone())).unwrap(),
        });
        delivery.resume().await.unwrap();
        self.server = Some(Server { streams, delivery });
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn delivery(&self) -> &Delivery {
        &self.server().delivery
    }

    async fn crash_and_restart(&mut self) {
        self.delivery().crash();
        self.start().await;
    }

    async fn create(&self, request: CreateDeliveryStream) {
        self.delivery().create(&scope(), request).await.unwrap();
        self.settle().await;
    }

    async fn put(&self, records: &[&str]) {
        let records = records.iter().map(|record| Bytes::from(record.to_string())).collect();
        self.delivery().put(&scope(), &name("orders"), records).await.unwrap();
        self.settle().await;
    }

    async fn create_stream(&self, stream: &str, shards: u32) {
        self.create_stream_of(StreamMode::Provisioned, stream, Some(shards)).await;
    }

    async fn create_stream_of(&self, mode: StreamMode, stream: &str, shard_count: Option<u32>) {
        let request = CreateStream {
            name: stream_name(stream),
            mode,
            shard_count,
            record_bytes_max: None,
            tags: BTreeMap::new(),
            warm_mibps: None,
            distribution: streams::Distribution::default(),
        };
        self.server().streams.create_stream(&scope(), request).await.unwrap();
    }

    /// Puts each record as a line.
    async fn put_to_stream(&self, stream: &str, records: &[String]) {
        let lines: Vec<_> = records.iter().map(|record| format!("{record}\n").into_bytes()).collect();
        self.put_data(stream, &lines.iter().map(Vec::as_slice).collect::<Vec<_>>()).await;
    }

    /// Puts records as they are, each under its number.
    async fn put_data(&self, stream: &str, records: &[&[u8]]) {
        let entry = |(number, data): (usize, &&[u8])| PutEntry {
            partition_key: Some(number.to_string().into()),
            explicit_hash_key: None,
            data: Bytes::copy_from_slice(data),
        };
        let entries = records.iter().enumerate().map(entry).collect();
        self.server().streams.put_records(&scope(), &stream_name(stream), entries).await.unwrap();
    }

    /// Moves the clock second by second, so that every wait that is due in between ends in its order.
    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            self.settle().await;
        }
    }

    /// Gives the workers the time to do what they can do without the clock.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    /// Every object by key.
    async fn objects(&self) -> BTreeMap<String, Bytes> {
        let store = &self.store.inner;
        let listed: Vec<_> = object_store::ObjectStore::list(store, None).try_collect().await.unwrap();
        let mut objects = BTreeMap::new();
        for meta in listed {
            let body = store.get(&meta.location).await.unwrap().bytes().await.unwrap();
            objects.insert(meta.location.to_string(), body);
        }
        objects
    }

    /// Waits for that many objects, for tests whose work leaves the runtime's own threads.
    async fn objects_when(&self, count: usize) -> BTreeMap<String, Bytes> {
        for _ in 0..500 {
            let objects = self.objects().await;
            if objects.len() >= count {
                return objects;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("still {} objects, not {count}", self.objects().await.len());
    }

    /// The bodies of all objects, in order of key.
    async fn bodies(&self) -> Vec<String> {
        self.objects().await.into_values().map(|body| String::from_utf8(body.to_vec()).unwrap()).collect()
    }

    async fn stats(&self) -> Stats {
        self.delivery().stats(&scope(), &name("orders")).await.unwrap()
    }
}
