//! Encryption at rest: what is in the log, who can read it, and what happens when master keys come and go.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use log::Log;
use streams::{
    Commit, KeyId, MasterKey, MasterKeyError, MasterKeys, Position, PutEntry, Quotas, Start, StreamsConfig,
    StreamsError,
};
use types::{ConsumerName, Offset, PartitionId, Record, ShardId, StreamName, SystemRandom};
use zeroize::Zeroizing;

use crate::world::{World, data, entry};

const MINUTES: Duration = Duration::from_secs(60);
const PLAIN: &str = "nobody-may-see-this";

/// Master keys that a test adds, replaces and removes.
#[derive(Default)]
pub(crate) struct Keys(Mutex<BTreeMap<KeyId, Result<[u8; 32], MasterKeyError>>>);

impl Keys {
    fn set(&self, id: &str, key: Result<u8, MasterKeyError>) {
        self.0.lock().unwrap().insert(KeyId::parse(id), key.map(|byte| [byte; 32]));
    }

    fn key(&self, id: &KeyId) -> Result<MasterKey, MasterKeyError> {
        let key = self.0.lock().unwrap().get(id).copied().unwrap_or(Err(MasterKeyError::NotFound))?;
        Ok(MasterKey::new(Zeroizing::new(key)))
    }
}

impl MasterKeys for Keys {
    fn wrap(&self, id: &KeyId, context: &[u8], data_key: &[u8; 32]) -> Result<Vec<u8>, MasterKeyError> {
        Ok(self.key(id)?.wrap(&SystemRandom, id, context, data_key))
    }

    fn unwrap(&self, id: &KeyId, context: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
        self.key(id)?.unwrap(id, context, wrapped)
    }
}

impl World {
    async fn start(&self, name: &StreamName, key: &str) -> Result<(), StreamsError> {
        self.streams.start_encryption(&self.scope, name, key).await
    }

    async fn stop(&self, name: &StreamName) -> Result<(), StreamsError> {
        self.streams.stop_encryption(&self.scope, name).await
    }

    async fn encrypted(key: &str) -> (Self, StreamName) {
        let world = Self::new().await;
        let name = world.create("orders", 1).await;
        world.master_keys.set(key, Ok(1));
        world.start(&name, key).await.unwrap();
        (world, name)
    }

    fn key_id(&self, name: &StreamName) -> Option<String> {
        let stream = self.streams.stream(&self.scope, name).unwrap();
        stream.keys.current().map(|(_, key)| key.key_id.clone())
    }

    /// One page from the oldest record, and where it ends.
    async fn page(&self, name: &StreamName) -> Result<(Vec<Record>, String), StreamsError> {
        let position = Position::TrimHorizon;
        let iterator = self.streams.shard_iterator(&self.scope, name, ShardId(0), position).await?;
        let page = self.streams.get_records(&iterator, None).await?;
        Ok((page.records, page.next_iterator.unwrap()))
    }

    /// Everything that the log holds of the stream's first shard.
    async fn raw(&self, name: &StreamName) -> Vec<(Bytes, Bytes)> {
        let partition = self.streams.stream(&self.scope, name).unwrap().shards[0].partition;
        let page = self.log.read(partition, Offset(0), 1000, usize::MAX).await.unwrap();
        page.records.into_iter().map(|record| (record.key, record.value)).collect()
    }
}

fn problem<T: std::fmt::Debug>(result: Result<T, StreamsError>) -> MasterKeyError {
    match result {
        Err(StreamsError::Kms { problem, message }) => {
            assert!(message.contains("of stream orders"), "{message}");
            problem
        }
        other => panic!("{other:?}"),
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn records_keep_the_encryption_that_they_were_written_with() {
    let (world, name) = World::encrypted("alias/a").await;
    world.stop(&name).await.unwrap();
    world.put(&name, "plain").await;
    world.start(&name, "alias/a").await.unwrap();
    world.put(&name, "first").await;
    world.master_keys.set("alias/b", Ok(2));
    world.start(&name, "arn:aws:kms:us-east-1:000000000000:alias/b").await.unwrap();
    world.put(&name, "second").await;
    world.stop(&name).await.unwrap();
    world.put(&name, "plain again").await;
    let world = world.restart().await;
    let (records, _) = world.page(&name).await.unwrap();
    let encrypted: Vec<bool> = records.iter().map(|record| record.encrypted).collect();
    assert_eq!(encrypted, [false, true, true, false]);
    assert!(records.iter().all(|record| record.partition_key == "key"));
    assert_eq!(data(records), ["plain", "first", "second", "plain again"]);
    let keys: Vec<_> = world.raw(&name).await.into_iter().map(|(key, _)| key).collect();
    assert_eq!((&keys[0][..], &keys[3][..]), (&b"key"[..], &b"key"[..]));
    assert_eq!(keys[1][..6], [0xff, 1, 0, 0, 0, 1], "key 0 sealed nothing");
    assert_eq!(keys[2][..6], [0xff, 1, 0, 0, 0, 2]);
}

#[tokio::test]
async fn the_log_holds_nothing_of_an_encrypted_record() {
    let (world, name) = World::encrypted("alias/a").await;
    let entries = [entry(PLAIN, "x"), entry("k", PLAIN), entry("k", PLAIN)];
    world.streams.put_records(&world.scope, &name, entries[..2].to_vec()).await.unwrap();
    world.streams.put_records(&world.scope, &name, entries[2..].to_vec()).await.unwrap();
    let commit = Commit {
        checkpoint: (PartitionId::opened_by(Offset(1000), 0), Bytes::from_static(b"c")),
        outputs: vec![(world.scope.clone(), name.clone(), vec![entry("k", PLAIN)])],
    };
    world.streams.commit(commit).await.unwrap();
    let raw = world.raw(&name).await;
    assert_eq!(raw.len(), 4);
    for (key, value) in &raw {
        assert!(!holds(key, PLAIN) && !holds(value, PLAIN));
    }
    assert_ne!(raw[1].1, raw[2].1, "the same record is another each time");
    let commands = world.log.read(PartitionId(0), Offset(0), 1000, usize::MAX).await.unwrap();
    assert!(commands.records.iter().any(|record| holds(&record.value, "alias/a")));
    let (records, _) = world.page(&name).await.unwrap();
    assert_eq!(records[0].partition_key, PLAIN);
    assert_eq!(data(records), ["x", PLAIN, PLAIN, PLAIN]);
}

#[tokio::test]
async fn cursors_and_subscriptions_open_records_too() {
    let (world, name) = World::encrypted("alias/a").await;
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    let mut cursor = world.streams.shard_cursor(&stream, &stream.shards[0], Start::Horizon).await.unwrap();
    let consumer = ConsumerName::parse("app").unwrap();
    let consumer = world.streams.register_consumer(&world.scope, &name, consumer, BTreeMap::new()).await.unwrap();
    let arn = consumer.arn(&stream);
    let mut subscription = world.streams.subscribe(&arn, ShardId(0), Position::TrimHorizon).await.unwrap();
    subscription.next().now_or_never().unwrap().unwrap().unwrap();
    // A rotation after the cursor was opened.
    world.master_keys.set("alias/b", Ok(2));
    world.start(&name, "alias/b").await.unwrap();
    world.put(&name, "v").await;
    assert_eq!(data(cursor.next_page(10, 1000).await.unwrap().records), ["v"]);
    let event = subscription.next().now_or_never().unwrap().unwrap().unwrap();
    assert!(event.records()[0].encrypted);
    // The key goes away: the cursor stays where it is and goes on when the key is back.
    world.clock.advance(MINUTES * 4);
    world.put(&name, "w").await;
    subscription.next().now_or_never().unwrap().unwrap().unwrap();
    world.put(&name, "x").await;
    world.clock.advance(MINUTES * 6);
    world.master_keys.set("alias/b", Err(MasterKeyError::Disabled));
    let mut subscription = world.streams.subscribe(&arn, ShardId(0), Position::TrimHorizon).await.unwrap();
    assert_eq!(problem(subscription.next().await.unwrap()), MasterKeyError::Disabled);
    assert!(subscription.next().await.is_none(), "an error is the last event");
    assert_eq!(problem(cursor.next_page(10, 1000).await), MasterKeyError::Disabled);
    world.master_keys.set("alias/b", Ok(2));
    assert_eq!(data(cursor.next_page(10, 1000).await.unwrap().records), ["w", "x"]);
}

#[tokio::test]
async fn without_its_master_key_a_stream_is_closed_but_not_lost() {
    let (world, name) = World::encrypted("alias/a").await;
    world.put(&name, "sealed").await;
    for (state, expected) in [
        (Err(MasterKeyError::NotFound), MasterKeyError::NotFound),
        (Err(MasterKeyError::InvalidState), MasterKeyError::InvalidState),
        (Ok(9), MasterKeyError::AccessDenied),
    ] {
        world.master_keys.set("alias/a", state);
        world.clock.advance(MINUTES * 5);
        assert_eq!(problem(world.page(&name).await), expected);
        let put = || world.streams.put_records(&world.scope, &name, vec![entry("k", "v")]);
        assert_eq!(problem(put().await), expected);
        assert_eq!(problem(world.streams.check_records(&world.scope, &name, vec![entry("k", "v")])), expected);
    }
    world.master_keys.set("alias/a", Ok(1));
    assert_eq!(data(world.page(&name).await.unwrap().0), ["sealed"]);
}

#[tokio::test]
async fn what_can_be_read_is_read_before_the_error() {
    let (world, name) = World::encrypted("alias/a").await;
    world.stop(&name).await.unwrap();
    world.put(&name, "plain").await;
    world.start(&name, "alias/a").await.unwrap();
    world.put(&name, "sealed").await;
    let keys = world.master_keys.clone();
    keys.set("alias/a", Err(MasterKeyError::NotFound));
    let world = world.restart().await;
    let (records, next) = world.page(&name).await.unwrap();
    assert_eq!(data(records), ["plain"]);
    assert_eq!(problem(world.streams.get_records(&next, None).await), MasterKeyError::NotFound);
    keys.set("alias/a", Ok(1));
    assert_eq!(data(world.streams.get_records(&next, None).await.unwrap().records), ["sealed"]);
}

#[tokio::test]
async fn starts_and_stops_change_something_or_nothing() {
    let quotas = Quotas { encryption_switches_per_day: Some(3), ..Quotas::default() };
    let world = World::with(StreamsConfig { quotas, ..StreamsConfig::default() }).await;
    let name = world.create("orders", 1).await;
    let numbers = || world.streams.stream(&world.scope, &name).unwrap().keys.current().map(|(number, _)| number);
    assert_eq!(problem(world.start(&name, "alias/a").await), MasterKeyError::NotFound);
    world.stop(&name).await.unwrap();
    world.master_keys.set("alias/a", Ok(1));
    for id in ["alias/a", "alias/a", "arn:aws:kms:eu-west-1:123456789012:alias/a"] {
        world.start(&name, id).await.unwrap();
        assert_eq!((numbers(), world.key_id(&name).as_deref()), (Some(0), Some("alias/a")), "{id}");
    }
    // Another key under the old name: the old data key is lost with it, so there must be a new one.
    world.master_keys.set("alias/a", Ok(2));
    world.start(&name, "alias/a").await.unwrap();
    assert_eq!(numbers(), Some(1));
    world.stop(&name).await.unwrap();
    world.stop(&name).await.unwrap();
    assert_eq!(numbers(), None);
    world.start(&name, "alias/a").await.unwrap();
    assert_eq!(numbers(), Some(2));
    world.stop(&name).await.unwrap();
    assert!(matches!(world.start(&name, "alias/a").await, Err(StreamsError::LimitExceeded(_))));
    world.clock.advance(MINUTES * 60 * 24);
    world.start(&name, "alias/a").await.unwrap();
}

#[tokio::test]
async fn a_record_may_be_as_long_as_an_unencrypted_one() {
    let (world, name) = World::encrypted("alias/a").await;
    let of = |bytes: usize| vec![PutEntry { data: vec![7; bytes].into(), ..entry("k", "") }];
    let most = 1 << 20;
    world.streams.put_records(&world.scope, &name, of(most - 1)).await.unwrap();
    assert!(world.streams.put_records(&world.scope, &name, of(most)).await.is_err());
    let (records, _) = world.page(&name).await.unwrap();
    assert_eq!(records[0].data.len(), most - 1);
}

/// Prints what sealing and opening cost; `cargo test -p streams --test data_streams -- --ignored --nocapture speed`.
#[tokio::test]
#[ignore = "a measurement"]
#[allow(clippy::disallowed_methods, reason = "a measurement takes the machine's time")]
async fn speed() {
    for (bytes, count) in [(100, 10_000), (1 << 10, 5000), (100 << 10, 100)] {
        for on in [false, true] {
            let (world, name) = World::encrypted("alias/a").await;
            if !on {
                world.stop(&name).await.unwrap();
            }
            let entries: Vec<_> =
                (0..count).map(|_| PutEntry { data: vec![7; bytes].into(), ..entry("k", "") }).collect();
            let total = (bytes * count * 10) as f64 / 1e6;
            let begin = Instant::now();
            for _ in 0..10 {
                world.streams.put_records(&world.scope, &name, entries.clone()).await.unwrap();
            }
            let put = total / begin.elapsed().as_secs_f64();
            let stream = world.streams.stream(&world.scope, &name).unwrap();
            let mut cursor = world.streams.shard_cursor(&stream, &stream.shards[0], Start::Horizon).await.unwrap();
            let (begin, mut read) = (Instant::now(), 0);
            while read < count * 10 {
                read += cursor.next_page(10_000, 10 << 20).await.unwrap().records.len();
            }
            let get = total / begin.elapsed().as_secs_f64();
            println!("{bytes:>6} bytes, encrypted {on:<5}: put {put:>6.0} MB/s, get {get:>6.0} MB/s");
        }
    }
}
