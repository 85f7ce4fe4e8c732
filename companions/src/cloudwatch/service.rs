//! The handle that the API holds.

use std::future::Future;
use std::sync::{Arc, MutexGuard, PoisonError};

use log::Log;
use tokio::sync::{mpsc, oneshot};
use types::{Clock, Scope, Timestamp};

use super::CloudWatchError;
use super::datum::Datum;
use super::list::{ListFilter, MetricPage};
use super::metric::{Metric, Unit};
use super::series::Point;
use super::statistics::{Datapoint, Period};
use super::stats::Stats;
use super::store::{Limits, Store};
use super::writer::{Put, Shared, Writer};

/// Calls that may wait for the writer.
const QUEUE_MAX: usize = 256;

/// What the metrics stand on.
pub struct Parts {
    /// Where points are.
    pub log: Arc<dyn Log>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// How much is kept.
    pub limits: Limits,
}

/// The metrics. Cheap to clone.
#[derive(Clone)]
pub struct CloudWatch {
    store: Shared,
    clock: Arc<dyn Clock>,
    writer: mpsc::Sender<Put>,
}

impl std::fmt::Debug for CloudWatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CloudWatch").finish_non_exhaustive()
    }
}

/// The newest minute of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Latest {
    /// Whose it is.
    pub scope: Scope,
    /// The metric.
    pub metric: Arc<Metric>,
    /// The unit.
    pub unit: Unit,
    /// When the minute begins.
    pub time: Timestamp,
    /// Its figures.
    pub stats: Stats,
}

impl CloudWatch {
    /// Reads what the log holds and goes on with it.
    ///
    /// # Errors
    /// When the log cannot be read, or holds a record that this version does not know.
    pub async fn open(parts: Parts) -> Result<Self, CloudWatchError> {
        let writer = Writer::open(parts.log, parts.clock.clone(), parts.limits).await?;
        let store = writer.store();
        let (sender, calls) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(writer.run(calls));
        Ok(Self { store, clock: parts.clock, writer: sender })
    }

    /// PutMetricData: all of it or, where a datum is wrong, nothing; durable when this returns.
    ///
    /// # Errors
    /// The invalid ones for a wrong datum; [`CloudWatchError::Throttled`] when too much is waiting.
    pub async fn put(&self, scope: &Scope, namespace: &str, data: Vec<Datum>) -> Result<(), CloudWatchError> {
        let points = Datum::read(namespace, data, self.clock.now())?;
        self.add(scope, points).await
    }

    /// Adds the server's own points, whose namespace clients may not put to. They take their place in the order when
    /// this is called, and are durable when what it returns is done. Without points it waits for those before it.
    ///
    /// # Errors
    /// [`CloudWatchError::Throttled`] when too much is waiting, or as the log's.
    pub fn add(
        &self,
        scope: &Scope,
        points: Vec<Point>,
    ) -> impl Future<Output = Result<(), CloudWatchError>> + Send + use<> {
        let (answer, outcome) = oneshot::channel();
        let put = Put { scope: scope.clone(), points, answer };
        let sent = self.writer.try_send(put).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => CloudWatchError::Throttled,
            mpsc::error::TrySendError::Closed(_) => CloudWatchError::Stopped,
        });
        async move {
            sent?;
            outcome.await.map_err(|_| CloudWatchError::Stopped)?
        }
    }

    /// The steps of `period` that have samples, in order of time, each unit for itself.
    pub fn statistics(&self, scope: &Scope, metric: &Metric, period: Period, unit: Option<Unit>) -> Vec<Datapoint> {
        let now = self.clock.now();
        let mut points = self.store().statistics(scope, metric, period, unit, now);
        points.sort_by_key(|point| (point.time, point.unit));
        points
    }

    /// ListMetrics: a page of the metrics that pass the filter, in the order in which they first appeared.
    ///
    /// # Errors
    /// [`CloudWatchError::InvalidToken`] for a token that no page ended with.
    pub fn list(&self, scope: &Scope, filter: &ListFilter, token: Option<&str>) -> Result<MetricPage, CloudWatchError> {
        let now = self.clock.now();
        self.store().list(scope, filter, token, now)
    }

    /// The newest minute of every series that was put since `since` and passes the filter, at most `count_max`, the
    /// oldest series first.
    pub fn latest(&self, since: Timestamp, count_max: usize, passes: impl Fn(&Metric) -> bool) -> Vec<Latest> {
        let store = self.store();
        let recent = store.all().filter(|(_, _, series)| series.written >= since && passes(&series.metric));
        let units = recent.flat_map(|(scope, _, series)| {
            series.by_unit.iter().filter_map(move |(unit, buckets)| {
                let last = buckets.last()?;
                let time = Timestamp(u64::from(last.minute) * 60_000);
                let metric = series.metric.clone();
                Some(Latest { scope: scope.clone(), metric, unit: *unit, time, stats: last.stats })
            })
        });
        units.take(count_max).collect()
    }

    /// Bytes that the series take of their bound, and how many there are.
    pub fn size(&self) -> (usize, usize) {
        self.store().size()
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
