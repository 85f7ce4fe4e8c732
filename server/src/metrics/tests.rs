//! What is gathered of calls, and that a flush neither loses nor repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use companions::cloudwatch::{Point, Stats};
use streams::{Placed, PutFailure, ShardMetric, Stream, StreamsError};
use types::{AccountId, Clock, Kind, Offset, Region, Scope, SequenceNumber, ShardId, Sleep, StreamName, Timestamp};

use super::figures::{Facts, OfConsumer, OfShard, OfStream, Shown};
use super::stream::{Call, Published, StreamMetrics};
use crate::app::{App, AppConfig};

struct ManualClock(AtomicU64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::pending())
    }
}

struct World {
    clock: Arc<ManualClock>,
    stream: Stream,
    metrics: Arc<StreamMetrics>,
}

impl World {
    /// A stream of two shards as the catalog of a real app makes it, with its figures on a clock moved by hand.
    async fn new(monitoring: &[ShardMetric]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(AppConfig::for_test(folder.path())).await.unwrap();
        let scope =
            Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() };
        let name = StreamName::parse("s").unwrap();
        let request = streams::CreateStream::provisioned(name.clone(), 2);
        app.streams.create_stream(&scope, request).await.unwrap();
        let mut stream = Stream::clone(&*app.streams.stream(&scope, &name).unwrap());
        stream.monitoring = monitoring.iter().copied().collect::<BTreeSet<_>>();
        app.shutdown().await;
        let clock = Arc::new(ManualClock(AtomicU64::new(600_000)));
        let metrics = Arc::new(StreamMetrics::new(&stream, clock.clone()));
        Self { clock, stream, metrics }
    }

    fn call(&self) -> Call {
        Call::begin(self.metrics.clone(), &self.stream)
    }

    fn placed(&self, shard: u32) -> Placed {
        let epoch = self.stream.epoch;
        Placed { shard: ShardId(shard), sequence_number: SequenceNumber::of(epoch, Offset(0)) }
    }
}

fn throttled() -> PutFailure {
    PutFailure::Throttled { shard: Some(ShardId(1)), message: String::new() }
}

/// Figures of points by metric name and shard or consumer, without latencies, which are what they are.
fn told(points: &[Point]) -> BTreeMap<(u32, String, String), (f64, f64)> {
    let rest = |point: &Point| {
        let dimensions = point.metric.dimensions().iter();
        dimensions.filter(|(name, _)| name != "StreamName").map(|(_, value)| value.clone()).collect::<String>()
    };
    let points = points.iter().filter(|point| !point.metric.name.ends_with("Latency"));
    points.map(|p| ((p.minute, p.metric.name.clone(), rest(p)), (p.stats.count, p.stats.sum))).collect()
}

#[tokio::test]
async fn a_batch_counts_by_how_its_records_fared() {
    let world = World::new(&[]).await;
    let answer =
        Ok(vec![Ok(world.placed(0)), Err(throttled()), Err(PutFailure::Internal(String::new())), Ok(world.placed(1))]);
    world.call().put_records(&[10, 20, 30, 40], &answer);
    let points = told(&world.metrics.take());
    let expected = [
        ("IncomingBytes", (1.0, 50.0)),
        ("IncomingRecords", (1.0, 2.0)),
        ("PutRecords.Bytes", (1.0, 50.0)),
        ("PutRecords.FailedRecords", (1.0, 1.0)),
        ("PutRecords.Records", (1.0, 2.0)),
        ("PutRecords.Success", (1.0, 1.0)),
        ("PutRecords.SuccessfulRecords", (1.0, 2.0)),
        ("PutRecords.ThrottledRecords", (1.0, 1.0)),
        ("PutRecords.TotalRecords", (1.0, 4.0)),
        ("WriteProvisionedThroughputExceeded", (1.0, 1.0)),
    ];
    let expected = expected.map(|(name, figures)| ((10, name.to_owned(), String::new()), figures));
    assert_eq!(points, BTreeMap::from(expected));
    assert!(world.metrics.take().is_empty());
}

#[tokio::test]
async fn only_the_services_failures_count() {
    let world = World::new(&[]).await;
    world.call().put_record(5, &Err(StreamsError::Invalid("wrong".into())));
    world.call().get_records(ShardId(0), &Err(StreamsError::ExpiredIterator("old".into())));
    assert!(world.metrics.take().is_empty());
    world.call().put_record(5, &Ok(vec![Err(throttled())]));
    world.call().put_record(5, &Err(StreamsError::Commands("broken".into())));
    world.call().get_records(ShardId(0), &Err(StreamsError::Commands("broken".into())));
    let points = told(&world.metrics.take());
    let sum = |name: &str| points.get(&(10, name.to_owned(), String::new())).copied();
    assert_eq!(sum("PutRecord.Success"), Some((2.0, 0.0)));
    assert_eq!(sum("WriteProvisionedThroughputExceeded"), Some((2.0, 1.0)));
    assert_eq!(sum("GetRecords.Success"), Some((1.0, 0.0)));
    assert_eq!(sum("ReadProvisionedThroughputExceeded"), Some((1.0, 0.0)));
    assert_eq!(sum("IncomingRecords"), None);
}

#[tokio::test]
async fn shards_are_measured_by_what_is_switched_on() {
    let on = [ShardMetric::IncomingRecords, ShardMetric::WriteProvisionedThroughputExceeded];
    let world = World::new(&on).await;
    let answer = vec![Ok(world.placed(0)), Ok(world.placed(1)), Err(throttled()), Ok(world.placed(1))];
    world.call().put_records(&[1, 2, 3, 4], &Ok(answer));
    let points = told(&world.metrics.take());
    let of = |shard: u32| points.get(&(10, "IncomingRecords".to_owned(), ShardId(shard).to_string()));
    assert_eq!((of(0), of(1)), (Some(&(1.0, 1.0)), Some(&(2.0, 2.0))));
    let exceeded =
        |shard: u32| points.get(&(10, "WriteProvisionedThroughputExceeded".to_owned(), ShardId(shard).to_string()));
    assert_eq!((exceeded(0), exceeded(1)), (Some(&(1.0, 0.0)), Some(&(3.0, 1.0))));
    assert_eq!(points.keys().filter(|(_, _, shard)| !shard.is_empty()).count(), 4);
}

#[tokio::test]
async fn consumers_have_figures_of_their_own() {
    let world = World::new(&[]).await;
    world.metrics.subscribed("c", None);
    world.metrics.subscribed("c", Some(Kind::InUse));
    world.metrics.subscribed("c", Some(Kind::Invalid));
    world.metrics.event("c", Ok(Published { records: 3, bytes: 70, millis_behind_latest: 250 }));
    world.metrics.event("c", Err(()));
    let points = told(&world.metrics.take());
    let of = |name: &str| points.get(&(10, name.to_owned(), "c".to_owned())).copied();
    assert_eq!(of("SubscribeToShard.Success"), Some((2.0, 1.0)));
    assert_eq!(of("SubscribeToShard.RateExceeded"), Some((2.0, 1.0)));
    assert_eq!(of("SubscribeToShardEvent.Success"), Some((2.0, 1.0)));
    assert_eq!(of("SubscribeToShardEvent.Records"), Some((1.0, 3.0)));
    assert_eq!(of("SubscribeToShardEvent.Bytes"), Some((1.0, 70.0)));
    assert_eq!(of("SubscribeToShardEvent.MillisBehindLatest"), Some((1.0, 250.0)));
}

#[tokio::test]
async fn totals_only_grow_and_gauges_are_of_the_last_minute() {
    let world = World::new(&[]).await;
    let incoming = |figures: &super::stream::Figures| figures.stream[OfStream::IncomingRecords as usize];
    world.call().put_record(5, &Ok(vec![Ok(world.placed(0))]));
    world.clock.0.fetch_add(60_000, Ordering::SeqCst);
    world.call().put_record(5, &Ok(vec![Ok(world.placed(0))]));
    let minutes: BTreeSet<u32> = world.metrics.take().iter().map(|point| point.minute).collect();
    assert_eq!(minutes, BTreeSet::from([10, 11]));
    world.call().put_record(5, &Ok(vec![Ok(world.placed(0))]));
    let (totals, last) = world.metrics.totals();
    assert_eq!(incoming(&totals), Stats { count: 3.0, sum: 3.0, minimum: 1.0, maximum: 1.0 });
    let (minute, last) = last.unwrap();
    assert_eq!((minute, incoming(&last).count), (11, 2.0));
}

#[test]
fn names_are_told_apart() {
    let tables: [&[Facts]; 3] = [OfStream::FACTS, OfConsumer::FACTS, OfShard::FACTS];
    for facts in tables {
        let names: BTreeSet<_> = facts.iter().map(|facts| facts.name).collect();
        assert_eq!(names.len(), facts.len());
    }
    let shown: Vec<_> = tables.into_iter().flatten().filter(|facts| facts.shown != Shown::Hidden).collect();
    let families: BTreeSet<_> = shown.iter().map(|facts| (facts.short, facts.unit, facts.shown as u8)).collect();
    assert_eq!(families.len(), shown.len());
    for metric in ShardMetric::ALL {
        assert!(OfShard::FACTS.iter().any(|facts| facts.name == metric.as_str()), "{metric:?}");
    }
}
