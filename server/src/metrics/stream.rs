//! The figures of one stream while they are gathered.
//!
//! A call finds its stream's figures once, without a lock, and adds what it did under the stream's own lock, which is
//! held for some dozens of additions. Nothing is allocated for a record.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use companions::cloudwatch::{Metric, Point, Stats};
use streams::{GetPage, Placed, PutFailure, Stream, StreamsError};
use types::{Clock, Kind, Scope, ShardId, StreamName};

use super::figures::{Facts, NAMESPACE, OfConsumer, OfShard, OfStream};
use super::stopwatch::Stopwatch;

/// Figures in the order of an enum of `figures.rs`.
pub(super) type Row<const N: usize> = [Stats; N];

/// Everything that is measured of a stream.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    pub(super) stream: Row<{ OfStream::COUNT }>,
    pub(super) consumers: BTreeMap<Arc<str>, Row<{ OfConsumer::COUNT }>>,
    pub(super) shards: BTreeMap<ShardId, Row<{ OfShard::COUNT }>>,
}

impl Default for Figures {
    fn default() -> Self {
        Self { stream: [Stats::EMPTY; _], consumers: BTreeMap::new(), shards: BTreeMap::new() }
    }
}

impl Figures {
    fn add_row<const N: usize>(into: &mut Row<N>, row: &Row<N>) {
        into.iter_mut().zip(row).for_each(|(into, stats)| into.add(stats));
    }

    /// Takes the figures of `other` in too.
    pub(super) fn add(&mut self, other: &Self) {
        Self::add_row(&mut self.stream, &other.stream);
        for (name, row) in &other.consumers {
            Self::add_row(self.consumers.entry(name.clone()).or_insert([Stats::EMPTY; _]), row);
        }
        for (id, row) in &other.shards {
            Self::add_row(self.shards.entry(*id).or_insert([Stats::EMPTY; _]), row);
        }
    }
}

/// The figures of one stream; see the module text.
#[derive(Debug)]
pub(crate) struct StreamMetrics {
    pub(super) scope: Scope,
    pub(super) name: StreamName,
    clock: DebugClock,
    gathered: Mutex<Gathered>,
}

struct DebugClock(Arc<dyn Clock>);

impl std::fmt::Debug for DebugClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

#[derive(Debug, Default)]
struct Gathered {
    /// What no flush has taken yet, by minute; one or two.
    minutes: BTreeMap<u32, Box<Figures>>,
    /// What flushes have taken, for counters that only grow.
    taken: Box<Figures>,
    /// The last minute that had samples, for gauges.
    last: Option<(u32, Box<Figures>)>,
}

impl StreamMetrics {
    pub(super) fn new(stream: &Stream, clock: Arc<dyn Clock>) -> Self {
        let (scope, name) = (stream.scope.clone(), stream.name.clone());
        Self { scope, name, clock: DebugClock(clock), gathered: Mutex::default() }
    }

    fn gathered(&self) -> MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to the figures of the minute that it is.
    fn record(&self, add: impl FnOnce(&mut Figures)) {
        let minute = minute_of(self.clock.0.now().0);
        add(self.gathered().minutes.entry(minute).or_default());
    }

    /// SubscribeToShard was answered. A subscription refused because of a rate is `Kind::Throttled` or `Kind::InUse`.
    pub(crate) fn subscribed(&self, consumer: &str, refused: Option<Kind>) {
        if refused == Some(Kind::Invalid) {
            return;
        }
        self.record(|figures| {
            let row = consumer_row(figures, consumer);
            let too_fast = matches!(refused, Some(Kind::Throttled | Kind::InUse | Kind::LimitExceeded));
            row[OfConsumer::RateExceeded as usize].add(&Stats::of(sample(too_fast)));
            row[OfConsumer::Success as usize].add(&Stats::of(sample(refused.is_none())));
        });
    }

    /// A subscription published an event, or failed to.
    pub(crate) fn event(&self, consumer: &str, published: Result<Published, ()>) {
        self.record(|figures| {
            let row = consumer_row(figures, consumer);
            row[OfConsumer::EventSuccess as usize].add(&Stats::of(sample(published.is_ok())));
            let Ok(Published { records, bytes, millis_behind_latest }) = published else { return };
            row[OfConsumer::EventRecords as usize].add(&Stats::of(records as f64));
            row[OfConsumer::EventBytes as usize].add(&Stats::of(bytes as f64));
            row[OfConsumer::EventAge as usize].add(&Stats::of(millis_behind_latest as f64));
        });
    }

    /// Takes what was gathered since the last flush, as points for CloudWatch.
    pub(super) fn take(&self) -> Vec<Point> {
        let mut gathered = self.gathered();
        let minutes = std::mem::take(&mut gathered.minutes);
        let mut points = Vec::new();
        for (minute, figures) in minutes {
            gathered.taken.add(&figures);
            self.points(minute, &figures, &mut points);
            match &mut gathered.last {
                Some((last, known)) if *last == minute => known.add(&figures),
                last => *last = Some((minute, figures)),
            }
        }
        points
    }

    /// All that was ever gathered, and the last minute that had samples with its figures.
    pub(super) fn totals(&self) -> (Figures, Option<(u32, Figures)>) {
        let gathered = self.gathered();
        let mut totals = Figures::clone(&gathered.taken);
        let mut last = gathered.last.as_ref().map(|(minute, figures)| (*minute, Figures::clone(figures)));
        for (minute, figures) in &gathered.minutes {
            totals.add(figures);
            match &mut last {
                Some((known, last)) if known == minute => last.add(figures),
                last => *last = Some((*minute, Figures::clone(figures))),
            }
        }
        (totals, last)
    }

    fn points(&self, minute: u32, figures: &Figures, points: &mut Vec<Point>) {
        let stream = ("StreamName".to_owned(), self.name.to_string());
        let of_stream = std::slice::from_ref(&stream);
        rows(&figures.stream, OfStream::FACTS, minute, of_stream, points);
        for (name, row) in &figures.consumers {
            let dimensions = [stream.clone(), ("ConsumerName".to_owned(), name.to_string())];
            rows(row, OfConsumer::FACTS, minute, &dimensions, points);
        }
        for (id, row) in &figures.shards {
            let dimensions = [stream.clone(), ("ShardId".to_owned(), id.to_string())];
            rows(row, OfShard::FACTS, minute, &dimensions, points);
        }
    }
}

fn rows(row: &[Stats], facts: &[Facts], minute: u32, dimensions: &[(String, String)], points: &mut Vec<Point>) {
    for (stats, facts) in row.iter().zip(facts).filter(|(stats, _)| !stats.is_empty()) {
        let metric = Metric::new(NAMESPACE, facts.name, dimensions.to_vec());
        points.push(Point { metric, unit: facts.unit, minute, stats: *stats });
    }
}

fn consumer_row<'f>(figures: &'f mut Figures, consumer: &str) -> &'f mut Row<{ OfConsumer::COUNT }> {
    if !figures.consumers.contains_key(consumer) {
        figures.consumers.insert(consumer.into(), [Stats::EMPTY; _]);
    }
    figures.consumers.get_mut(consumer).expect("the line before put it there")
}

pub(super) fn minute_of(millis: u64) -> u32 {
    u32::try_from(millis / 60_000).unwrap_or(u32::MAX)
}

fn sample(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

/// What an event carried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Published {
    /// How many records.
    pub(crate) records: usize,
    /// Their data and partition keys.
    pub(crate) bytes: usize,
    /// How far behind the newest record of the shard.
    pub(crate) millis_behind_latest: u64,
}

/// What PutRecord and PutRecords are answered by the domain.
type Put = Result<Vec<Result<Placed, PutFailure>>, StreamsError>;

/// One call of the data plane, from when its stream was found.
#[derive(Debug)]
pub(crate) struct Call {
    metrics: Arc<StreamMetrics>,
    monitored: Monitored,
    watch: Stopwatch,
}

/// Which shard-level figures are on, a bit each in the order of [`OfShard`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Monitored(u8);

impl Monitored {
    fn of(stream: &Stream) -> Self {
        let on = |name: &str| OfShard::FACTS.iter().position(|facts| facts.name == name);
        Self(stream.monitoring.iter().filter_map(|metric| on(metric.as_str())).fold(0, |bits, index| bits | 1 << index))
    }

    fn any(self) -> bool {
        self.0 != 0
    }

    fn add(self, figures: &mut Figures, shard: ShardId, figure: OfShard, value: f64) {
        if self.0 & 1 << figure as u8 != 0 {
            let row = figures.shards.entry(shard).or_insert([Stats::EMPTY; _]);
            row[figure as usize].add(&Stats::of(value));
        }
    }
}

impl Call {
    pub(super) fn begin(metrics: Arc<StreamMetrics>, stream: &Stream) -> Self {
        Self { metrics, monitored: Monitored::of(stream), watch: Stopwatch::start() }
    }

    fn millis(&self) -> f64 {
        self.watch.elapsed().as_secs_f64() * 1000.0
    }

    /// PutRecord ended; `bytes` are of the record, data and partition key.
    pub(crate) fn put_record(self, bytes: usize, answer: &Put) {
        let Some(counts) = Counts::of(&[bytes], answer) else { return };
        let millis = self.millis();
        self.metrics.record(|figures| {
            let mut add = |figure: OfStream, value: f64| figures.stream[figure as usize].add(&Stats::of(value));
            add(OfStream::PutRecordSuccess, sample(counts.records == 1));
            add(OfStream::PutRecordLatency, millis);
            add(OfStream::WriteExceeded, counts.throttled as f64);
            if counts.records > 0 {
                add(OfStream::PutRecordBytes, counts.bytes as f64);
            }
            self.incoming(figures, &counts, &[bytes], answer);
        });
    }

    /// PutRecords ended; `sizes` are of the records in the order of the call, data and partition keys.
    pub(crate) fn put_records(self, sizes: &[usize], answer: &Put) {
        let Some(counts) = Counts::of(sizes, answer) else { return };
        let millis = self.millis();
        self.metrics.record(|figures| {
            let mut add = |figure: OfStream, value: f64| figures.stream[figure as usize].add(&Stats::of(value));
            add(OfStream::PutRecordsSuccess, sample(counts.records > 0));
            add(OfStream::PutRecordsLatency, millis);
            add(OfStream::PutRecordsTotal, sizes.len() as f64);
            add(OfStream::PutRecordsSuccessful, counts.records as f64);
            add(OfStream::PutRecordsRecords, counts.records as f64);
            add(OfStream::PutRecordsFailed, counts.failed as f64);
            add(OfStream::PutRecordsThrottled, counts.throttled as f64);
            add(OfStream::WriteExceeded, counts.throttled as f64);
            if counts.records > 0 {
                add(OfStream::PutRecordsBytes, counts.bytes as f64);
            }
            self.incoming(figures, &counts, sizes, answer);
        });
    }

    fn incoming(&self, figures: &mut Figures, counts: &Counts, sizes: &[usize], answer: &Put) {
        if counts.records > 0 {
            figures.stream[OfStream::IncomingBytes as usize].add(&Stats::of(counts.bytes as f64));
            figures.stream[OfStream::IncomingRecords as usize].add(&Stats::of(counts.records as f64));
        }
        if !self.monitored.any() {
            return;
        }
        for (result, size) in answer.iter().flatten().zip(sizes) {
            let (shard, exceeded) = match result {
                Ok(placed) => (placed.shard, 0.0),
                Err(PutFailure::Throttled { shard: Some(shard), .. }) => (*shard, 1.0),
                Err(_) => continue,
            };
            self.monitored.add(figures, shard, OfShard::WriteExceeded, exceeded);
            if result.is_ok() {
                self.monitored.add(figures, shard, OfShard::IncomingBytes, *size as f64);
                self.monitored.add(figures, shard, OfShard::IncomingRecords, 1.0);
            }
        }
    }

    /// GetRecords of that shard ended.
    pub(crate) fn get_records(self, shard: ShardId, answer: &Result<GetPage, StreamsError>) {
        let refused = answer.as_ref().err().map(StreamsError::kind);
        if refused.is_some_and(|kind| !counts_as_failure(kind)) {
            return;
        }
        let millis = self.millis();
        let exceeded = sample(refused == Some(Kind::Throttled));
        self.metrics.record(|figures| {
            let mut add = |figure: OfStream, value: f64| figures.stream[figure as usize].add(&Stats::of(value));
            add(OfStream::GetRecordsSuccess, sample(refused.is_none()));
            add(OfStream::GetRecordsLatency, millis);
            add(OfStream::ReadExceeded, exceeded);
            if self.monitored.any() {
                self.monitored.add(figures, shard, OfShard::ReadExceeded, exceeded);
            }
            if let Ok(page) = answer {
                self.outgoing(figures, shard, page);
            }
        });
    }

    fn outgoing(&self, figures: &mut Figures, shard: ShardId, page: &GetPage) {
        let bytes: usize = page.records.iter().map(|record| record.data.len() + record.partition_key.len()).sum();
        let (bytes, records) = (bytes as f64, page.records.len() as f64);
        let age = page.millis_behind_latest as f64;
        let mut add = |figure: OfStream, value: f64| figures.stream[figure as usize].add(&Stats::of(value));
        add(OfStream::GetRecordsRecords, records);
        add(OfStream::GetRecordsBytes, bytes);
        add(OfStream::GetRecordsAge, age);
        add(OfStream::GetRecordsAgeOld, age);
        if self.monitored.any() {
            self.monitored.add(figures, shard, OfShard::OutgoingRecords, records);
            self.monitored.add(figures, shard, OfShard::OutgoingBytes, bytes);
            self.monitored.add(figures, shard, OfShard::IteratorAge, age);
        }
    }
}

/// Whether an error is the service's and not the caller's: only those make a call a failed one.
fn counts_as_failure(kind: Kind) -> bool {
    matches!(kind, Kind::Throttled | Kind::Unavailable | Kind::Internal)
}

/// How the records of a put fared.
struct Counts {
    records: usize,
    bytes: usize,
    throttled: usize,
    failed: usize,
}

impl Counts {
    /// `None` for a call that counts as none, because it was wrong.
    fn of(sizes: &[usize], answer: &Put) -> Option<Self> {
        let mut counts = Self { records: 0, bytes: 0, throttled: 0, failed: 0 };
        match answer {
            Err(error) if !counts_as_failure(error.kind()) => return None,
            Err(error) if error.kind() == Kind::Throttled => counts.throttled = sizes.len(),
            Err(_) => counts.failed = sizes.len(),
            Ok(results) => {
                for (result, size) in results.iter().zip(sizes) {
                    match result {
                        Ok(_) => {
                            counts.records += 1;
                            counts.bytes += size;
                        }
                        Err(PutFailure::Throttled { .. }) => counts.throttled += 1,
                        Err(PutFailure::Internal(_)) => counts.failed += 1,
                    }
                }
            }
        }
        Some(counts)
    }
}
