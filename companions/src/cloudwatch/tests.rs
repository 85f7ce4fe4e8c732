//! What CloudWatch promises: statistics, periods, pages, bounds, and the same after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use log::{Log, MemoryLog};
use proptest::prelude::*;
use types::{AccountId, Clock, Region, Scope, Sleep, Timestamp};

use super::record::Record;
use super::series::minute_of;
use super::store::Store;
use super::*;

const START: u64 = 1_700_000_040_000;

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
    log: Arc<MemoryLog>,
    clock: Arc<ManualClock>,
    metrics: CloudWatch,
}

impl World {
    async fn new() -> Self {
        Self::over(Arc::default(), Arc::new(ManualClock(AtomicU64::new(START)))).await
    }

    async fn restart(self) -> Self {
        Self::over(self.log, self.clock).await
    }

    async fn over(log: Arc<MemoryLog>, clock: Arc<ManualClock>) -> Self {
        let parts = Parts { log: log.clone(), clock: clock.clone(), limits: Limits::default() };
        let metrics = CloudWatch::open(parts).await.unwrap();
        Self { log, clock, metrics }
    }

    async fn put(&self, datum: Datum) {
        self.metrics.put(&scope(), "app", vec![datum]).await.unwrap();
    }

    fn sums(&self, name: &str, seconds_back: u64, period: i32) -> Vec<(u64, f64)> {
        let now = self.clock.now();
        let period = Period::new(now.before(Duration::from_secs(seconds_back)), now.after(MINUTE), period).unwrap();
        let points = self.metrics.statistics(&scope(), &Metric::new("app", name, Vec::new()), period, None);
        points.iter().map(|point| (point.time.0, point.stats.sum)).collect()
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn scope() -> Scope {
    Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() }
}

fn datum(name: &str, value: f64) -> Datum {
    Datum { value: Some(value), ..empty(name) }
}

fn empty(name: &str) -> Datum {
    Datum {
        name: name.into(),
        dimensions: Vec::new(),
        unit: Unit::NONE,
        time: None,
        value: None,
        values: None,
        counts: None,
        statistics: None,
    }
}

fn point(name: &str, minute: u32, value: f64) -> Point {
    Point { metric: Metric::new("app", name, Vec::new()), unit: Unit::COUNT, minute, stats: Stats::of(value) }
}

#[tokio::test]
async fn the_three_forms_of_a_datum_add_up() {
    let world = World::new().await;
    world.put(datum("m", 3.0)).await;
    world.put(Datum { values: Some(vec![1.0, 10.0]), counts: Some(vec![2.0, 1.0]), ..empty("m") }).await;
    let set = Stats { count: 4.0, sum: 5.0, minimum: 0.5, maximum: 2.0 };
    world.put(Datum { statistics: Some(set), ..empty("m") }).await;
    let period = Period::new(Timestamp(START), Timestamp(START + 1), 60).unwrap();
    let points = world.metrics.statistics(&scope(), &Metric::new("app", "m", Vec::new()), period, None);
    let [point] = points[..] else { panic!("{points:?}") };
    assert_eq!(point.time.0, START / 60_000 * 60_000);
    assert_eq!(point.stats, Stats { count: 8.0, sum: 20.0, minimum: 0.5, maximum: 10.0 });
    assert_eq!(point.stats.average(), 2.5);
}

#[tokio::test]
async fn wrong_data_refuse_the_call() {
    let world = World::new().await;
    let both = Datum { values: Some(vec![1.0]), ..datum("m", 1.0) };
    let uneven = Datum { values: Some(vec![1.0]), counts: Some(vec![1.0, 2.0]), ..empty("m") };
    let old = Datum { time: Some(Timestamp(START - 15 * 24 * 3_600_000)), ..datum("m", 1.0) };
    let ahead = Datum { time: Some(Timestamp(START + 3 * 3_600_000)), ..datum("m", 1.0) };
    let nothing = Stats { count: 0.0, sum: 0.0, minimum: 0.0, maximum: 0.0 };
    let twice = Datum { dimensions: vec![("a".into(), "1".into()), ("a".into(), "2".into())], ..datum("m", 1.0) };
    for wrong in [
        datum("m", f64::NAN),
        datum("m", 1e200),
        Datum { statistics: Some(nothing), ..empty("m") },
        empty("m"),
        both,
        uneven,
        old,
        ahead,
        twice,
    ] {
        let refused = world.metrics.put(&scope(), "app", vec![datum("m", 1.0), wrong]).await.unwrap_err();
        assert_eq!(refused.kind(), types::Kind::Invalid, "{refused}");
        assert!(refused.to_string().contains("MetricData.member.2"), "{refused}");
    }
    assert!(world.metrics.put(&scope(), "AWS/Kinesis", vec![datum("m", 1.0)]).await.is_err());
    assert_eq!(world.sums("m", 600, 60), []);
}

#[tokio::test]
async fn periods_count_from_the_start_and_leave_out_what_is_empty() {
    let world = World::new().await;
    for minutes_back in [0, 1, 4, 5, 11] {
        let time = Some(Timestamp(START - minutes_back * 60_000));
        world.put(Datum { time, ..datum("m", 1.0) }).await;
    }
    let minute = |back: u64| START - back * 60_000;
    let by_minute: Vec<_> = [11, 5, 4, 1, 0].iter().map(|back| (minute(*back), 1.0)).collect();
    assert_eq!(world.sums("m", 12 * 60, 60), by_minute);
    // 14 to 10 minutes ago holds the one of 11, 9 to 5 that of 5, and 4 to 0 those of 4, 1 and 0.
    assert_eq!(world.sums("m", 14 * 60, 300), [(minute(14), 1.0), (minute(9), 1.0), (minute(4), 3.0)]);
    assert_eq!(world.sums("m", 3 * 60, 3600), [(minute(3), 2.0)]);
}

#[test]
fn a_period_is_whole_minutes_of_some_time() {
    let of = |start, end, seconds| Period::new(Timestamp(start), Timestamp(end), seconds);
    assert_eq!(of(0, 3_600_000, 60).unwrap().steps(), 60);
    assert_eq!(of(59_999, 60_001, 60).unwrap().steps(), 2);
    assert_eq!(of(0, 86_400_000, 300).unwrap().steps(), 288);
    assert_eq!(of(0, 60_000, 1).unwrap().steps(), 1);
    for (start, end, seconds) in
        [(5, 5, 60), (6, 5, 60), (0, 9, 61), (0, 9, 0), (0, 9, -60), (0, 9, 2), (0, 9, i32::MAX)]
    {
        assert!(of(start, end, seconds).is_err(), "{start} {end} {seconds}");
    }
}

#[tokio::test]
async fn units_and_dimensions_keep_series_apart() {
    let world = World::new().await;
    let dimensions = |reversed: bool| {
        let mut both = vec![("Op".to_owned(), "Put".to_owned()), ("Shard".to_owned(), "1".to_owned())];
        if reversed {
            both.reverse();
        }
        both
    };
    world.put(Datum { dimensions: dimensions(false), unit: Unit::COUNT, ..datum("m", 1.0) }).await;
    world.put(Datum { dimensions: dimensions(true), unit: Unit::COUNT, ..datum("m", 2.0) }).await;
    world.put(Datum { dimensions: dimensions(true), unit: Unit::BYTES, ..datum("m", 4.0) }).await;
    assert_eq!(world.sums("m", 60, 60), []);
    let metric = Metric::new("app", "m", dimensions(false));
    let period = Period::new(Timestamp(START), Timestamp(START + 1), 60).unwrap();
    let sums = |unit| -> Vec<f64> {
        world.metrics.statistics(&scope(), &metric, period, unit).iter().map(|point| point.stats.sum).collect()
    };
    assert_eq!(sums(Some(Unit::COUNT)), [3.0]);
    assert!(sums(Some(Unit::NONE)).is_empty());
    assert_eq!(sums(None), [4.0, 3.0]);
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let world = World::new().await;
    for chunk in (0..1_250).collect::<Vec<_>>().chunks(500) {
        let data = chunk.iter().map(|n| Datum {
            dimensions: vec![("N".into(), n.to_string()), ("Half".into(), (n % 2).to_string())],
            ..datum(if *n == 0 { "zero" } else { "m" }, 1.0)
        });
        world.metrics.put(&scope(), "app", data.collect()).await.unwrap();
    }
    let list = |filter: &ListFilter| {
        let (mut sizes, mut token) = (Vec::new(), None);
        loop {
            let page = world.metrics.list(&scope(), filter, token.as_deref()).unwrap();
            sizes.push(page.metrics.len());
            token = page.next_token;
            if token.is_none() {
                return sizes;
            }
        }
    };
    let half = |value: Option<&str>| DimensionFilter { name: "Half".into(), value: value.map(Into::into) };
    assert_eq!(list(&ListFilter::default()), [500, 500, 250]);
    assert_eq!(list(&ListFilter { name: Some("zero".into()), ..Default::default() }), [1]);
    assert_eq!(list(&ListFilter { namespace: Some("no".into()), ..Default::default() }), [0]);
    assert_eq!(list(&ListFilter { dimensions: vec![half(Some("1"))], ..Default::default() }), [500, 125]);
    assert_eq!(list(&ListFilter { dimensions: vec![half(None)], ..Default::default() }), [500, 500, 250]);
    assert!(world.metrics.list(&scope(), &ListFilter::default(), Some("x y")).is_err());
    world.clock.0.fetch_add(4 * 3_600_000, Ordering::SeqCst);
    assert_eq!(list(&ListFilter { recently_active: true, ..Default::default() }), [0]);
    world.put(datum("fresh", 1.0)).await;
    assert_eq!(list(&ListFilter { recently_active: true, ..Default::default() }), [1]);
}

#[tokio::test]
async fn a_restart_finds_everything_again() {
    let world = World::new().await;
    world.put(datum("m", 0.1)).await;
    world.put(datum("m", 0.2)).await;
    let world = world.restart().await;
    world.put(datum("m", 0.3)).await;
    let world = world.restart().await;
    // Not 0.6: doubles add up in order, and the order is the same.
    assert_eq!(world.sums("m", 60, 60), [(START, 0.1 + 0.2 + 0.3)]);
}

#[tokio::test]
async fn a_snapshot_replaces_what_is_before_it() {
    let world = World::new().await;
    let long = "x".repeat(200);
    let mut expected = 0.0;
    for round in 0..40 {
        let data = (0..1_000).map(|n| datum(&format!("{long}{}", n % 10), f64::from(round)));
        world.metrics.put(&scope(), "app", data.collect()).await.unwrap();
        expected += 100.0 * f64::from(round);
    }
    let bounds = world.log.bounds(METRICS_PARTITION).unwrap();
    assert!(bounds.start.0 > 0, "{bounds:?}");
    let world = world.restart().await;
    assert_eq!(world.sums(&format!("{long}3"), 60, 60), [(START, expected)]);
    assert_eq!(world.metrics.list(&scope(), &ListFilter::default(), None).unwrap().metrics.len(), 10);
}

#[tokio::test]
async fn half_a_snapshot_counts_for_nothing() {
    let world = World::new().await;
    world.put(datum("m", 1.0)).await;
    let mut foreign = Store::new(Limits::default());
    foreign.add(&scope(), point("foreign", minute_of(Timestamp(START)), 1.0), Timestamp(START));
    for record in Record::snapshot(&foreign) {
        let Record::Snapshot { first, series, .. } = record else { panic!("{record:?}") };
        let half = serde_json::to_vec(&Record::Snapshot { first, last: false, series }).unwrap();
        let records = vec![log::NewRecord { key: "".into(), value: half.into() }];
        let part = log::PartitionAppend { partition: METRICS_PARTITION, records };
        world.log.append(vec![part], Timestamp(START)).await.unwrap();
    }
    world.put(datum("m", 2.0)).await;
    let world = world.restart().await;
    assert_eq!(world.sums("m", 60, 60), [(START, 3.0)]);
    assert_eq!(world.sums("foreign", 60, 60), []);
}

#[test]
fn what_is_old_or_too_much_is_let_go() {
    let now = Timestamp(START);
    let this = minute_of(now);
    let mut store = Store::new(Limits { series_max: 20, bytes_max: 100_000 });
    store.add(&scope(), point("old", this - 16 * 1440, 1.0), now);
    assert_eq!(store.size(), (0, 0));
    store.add(&scope(), point("kept", this - 14 * 1440, 1.0), now);
    assert_eq!(store.size().1, 1);
    let later = now.after(Duration::from_secs(2 * 24 * 3600));
    store.add(&scope(), point("new", minute_of(later), 1.0), later);
    assert_eq!(store.size().1, 1);

    for n in 0..25 {
        let time = later.after(Duration::from_secs(n));
        store.add(&scope(), point(&format!("n{n}"), minute_of(time), 1.0), time);
    }
    assert!(store.size().1 <= 20);
    assert!(store.find(&scope(), &Metric::new("app", "n24", Vec::new())).is_some());
    assert!(store.find(&scope(), &Metric::new("app", "n0", Vec::new())).is_none());

    for n in 0..10_000 {
        let time = later.after(n * MINUTE);
        store.add(&scope(), point("long", minute_of(time), 1.0), time);
        assert!(store.size().0 <= 100_000);
    }
    let end = later.after(9_999 * MINUTE);
    let period = Period::new(later, end.after(MINUTE), 60).unwrap();
    let points = store.statistics(&scope(), &Metric::new("app", "long", Vec::new()), period, None, end);
    assert!((2_000..2_500).contains(&points.len()), "{}", points.len());
    assert_eq!(points.last().unwrap().time.0 / 60_000, end.0 / 60_000);
}

#[test]
fn units_are_the_models() {
    for (unit, text) in
        [(Unit::NONE, "None"), (Unit::COUNT, "Count"), (Unit::BYTES, "Bytes"), (Unit::MILLISECONDS, "Milliseconds")]
    {
        assert_eq!((unit.as_str(), Unit::parse(text)), (text, Some(unit)));
    }
    assert_eq!(Unit::parse("Bushels"), None);
}

proptest! {
    #[test]
    fn figures_read_back_as_they_were(sum: f64, minimum in -1e300..1e300, count in 1.0..1e9) {
        let sum = if sum.is_finite() { sum } else { 0.1 };
        let stats = Stats { count, sum, minimum, maximum: minimum };
        let json = serde_json::to_string(&stats).unwrap();
        prop_assert_eq!(serde_json::from_str::<Stats>(&json).unwrap(), stats);
    }

    #[test]
    fn buckets_are_in_order_whatever_order_they_come_in(minutes in prop::collection::vec(0u32..50, 0..200)) {
        let now = Timestamp(50 * 60_000);
        let mut store = Store::new(Limits::default());
        for minute in &minutes {
            store.add(&scope(), point("m", *minute, 1.0), now);
        }
        let period = Period::new(Timestamp(0), now, 60).unwrap();
        let points = store.statistics(&scope(), &Metric::new("app", "m", Vec::new()), period, None, now);
        for minute in 0..50u32 {
            let expected = minutes.iter().filter(|m| **m == minute).count() as f64;
            let found: f64 = points.iter().filter(|p| p.time.0 == u64::from(minute) * 60_000).map(|p| p.stats.sum).sum();
            prop_assert_eq!(found, expected);
        }
        prop_assert!(points.windows(2).all(|pair| pair[0].time < pair[1].time));
    }
}
