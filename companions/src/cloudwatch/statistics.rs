//! Statistics over periods: GetMetricStatistics and GetMetricData.

use types::{Scope, Timestamp};

use super::CloudWatchError;
use super::metric::{Metric, Unit};
use super::series::{Minute, minute_of};
use super::stats::Stats;
use super::store::Store;

/// Seconds of a bucket; a period is a multiple.
const MINUTE_SECONDS: u32 = 60;
/// Periods below a minute, of metrics that CloudWatch keeps by the second; answered from buckets of a minute here.
const SHORT_PERIODS: [u32; 5] = [1, 5, 10, 20, 30];
/// Longest period in seconds.
const PERIOD_MAX: u32 = 86_400 * 365;

/// Which times, in steps of how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    start: Minute,
    end: Minute,
    step: Minute,
}

/// Figures over one step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Datapoint {
    /// When the step begins.
    pub time: Timestamp,
    /// The unit.
    pub unit: Unit,
    /// The figures.
    pub stats: Stats,
}

impl Period {
    /// The step of `seconds` from `start` (rounded down to the minute) until before `end`.
    ///
    /// # Errors
    /// When there is no time between them, or the step is not whole minutes.
    pub fn new(start: Timestamp, end: Timestamp, seconds: i32) -> Result<Self, CloudWatchError> {
        if start >= end {
            let message = "The parameter StartTime must be less than the parameter EndTime.";
            return Err(CloudWatchError::InvalidValue(message.into()));
        }
        let step = u32::try_from(seconds).ok().filter(|seconds| {
            SHORT_PERIODS.contains(seconds)
                || (*seconds >= MINUTE_SECONDS && *seconds <= PERIOD_MAX && seconds % MINUTE_SECONDS == 0)
        });
        let step = step.ok_or_else(|| {
            let message = "The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60.";
            CloudWatchError::InvalidValue(message.into())
        })?;
        let end_minute = minute_of(end);
        let end = if end.0.is_multiple_of(60_000) { end_minute } else { end_minute.saturating_add(1) };
        Ok(Self { start: minute_of(start), end, step: (step / MINUTE_SECONDS).max(1) })
    }

    /// How many steps that are.
    pub fn steps(&self) -> usize {
        (self.end - self.start).div_ceil(self.step) as usize
    }
}

impl Store {
    /// The steps that have samples, in order of time, for each unit or one.
    pub(super) fn statistics(
        &self,
        scope: &Scope,
        metric: &Metric,
        period: Period,
        unit: Option<Unit>,
        now: Timestamp,
    ) -> Vec<Datapoint> {
        let Some(series) = self.find(scope, metric) else { return Vec::new() };
        let kept = period.start.max(self.horizon(now))..period.end;
        let mut points = Vec::<Datapoint>::new();
        for (unit, buckets) in series.by_unit.iter().filter(|(known, _)| unit.is_none_or(|unit| unit == *known)) {
            for bucket in buckets.range(kept.clone()) {
                let into = (bucket.minute - period.start) % period.step;
                let time = Timestamp(u64::from(bucket.minute - into) * 60_000);
                match points.last_mut() {
                    Some(last) if last.time == time && last.unit == *unit => last.stats.add(&bucket.stats),
                    _ => points.push(Datapoint { time, unit: *unit, stats: bucket.stats }),
                }
            }
        }
        points
    }
}
