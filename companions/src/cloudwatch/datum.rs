//! What PutMetricData brings, and its rules (API reference, MetricDatum): what a model pattern does not say.

use std::time::Duration;

use types::Timestamp;

use super::CloudWatchError;
use super::metric::{Metric, Unit};
use super::series::{Point, minute_of};
use super::stats::Stats;

/// Datums in one call.
const DATA_MAX: usize = 1_000;
/// Values in one datum.
const VALUES_MAX: usize = 150;
/// Largest amount of a value.
const VALUE_MAX: f64 = 2.3485425827738332e108; // 2^360
/// How old a value may be.
const PAST_MAX: Duration = Duration::from_secs(14 * 24 * 3600);
/// How far a client's clock may be ahead.
const FUTURE_MAX: Duration = Duration::from_secs(2 * 3600);

/// One datum as a client put it; [`Datum::read`] makes points of a call's.
#[derive(Debug, Clone)]
pub struct Datum {
    /// The metric's name.
    pub name: String,
    /// Names and values, in any order.
    pub dimensions: Vec<(String, String)>,
    /// The unit.
    pub unit: Unit,
    /// When it was measured; when it arrived, if it does not say.
    pub time: Option<Timestamp>,
    /// `Value`, if given.
    pub value: Option<f64>,
    /// `Values`, if given.
    pub values: Option<Vec<f64>>,
    /// `Counts`, if given.
    pub counts: Option<Vec<f64>>,
    /// `StatisticValues`, if given.
    pub statistics: Option<Stats>,
}

/// The one of its forms that a datum takes.
#[derive(Debug, Clone, PartialEq)]
pub enum DatumValue {
    /// One sample.
    One(f64),
    /// Samples with how often each was seen.
    Many(Vec<(f64, f64)>),
    /// Figures over samples that the client does not tell.
    Set(Stats),
}

impl Datum {
    /// Checks the data of one call and makes points of them. A wrong datum refuses the call.
    pub(super) fn read(namespace: &str, data: Vec<Self>, now: Timestamp) -> Result<Vec<Point>, CloudWatchError> {
        if namespace.starts_with("AWS/") {
            let message = format!("The value {namespace} for parameter Namespace is invalid.");
            return Err(CloudWatchError::InvalidValue(message));
        }
        if data.is_empty() {
            return Err(CloudWatchError::Missing("The parameter MetricData is required.".into()));
        }
        if data.len() > DATA_MAX {
            let message = format!("The collection MetricData must not have a size greater than {DATA_MAX}.");
            return Err(CloudWatchError::InvalidValue(message));
        }
        let point = |(index, datum): (usize, Self)| {
            let at = format!("MetricData.member.{}", index + 1);
            datum.point(namespace, &at, now)
        };
        data.into_iter().enumerate().map(point).collect()
    }

    fn point(self, namespace: &str, at: &str, now: Timestamp) -> Result<Point, CloudWatchError> {
        let time = self.time.unwrap_or(now);
        check_time(time, at, now)?;
        check_dimensions(&self.dimensions, at)?;
        let stats = self.figures(at)?.stats();
        let metric = Metric::new(namespace, self.name, self.dimensions);
        Ok(Point { metric, unit: self.unit, minute: minute_of(time), stats })
    }

    fn figures(&self, at: &str) -> Result<DatumValue, CloudWatchError> {
        match (self.value, &self.values, &self.statistics) {
            (Some(value), None, None) => {
                check_value(value, at, "Value")?;
                Ok(DatumValue::One(value))
            }
            (None, Some(values), None) => pairs(values, self.counts.as_deref(), at).map(DatumValue::Many),
            (None, None, Some(stats)) => check_set(stats, at).map(|()| DatumValue::Set(*stats)),
            (None, None, None) => Err(CloudWatchError::Missing(format!(
                "At least one of the parameters {at}.Value, {at}.Values and {at}.StatisticValues must be specified."
            ))),
            (Some(_), _, Some(_)) => Err(exclusive(at, "Value", "StatisticValues")),
            (Some(_), Some(_), None) => Err(exclusive(at, "Value", "Values")),
            (None, Some(_), Some(_)) => Err(exclusive(at, "Values", "StatisticValues")),
        }
    }
}

impl DatumValue {
    fn stats(&self) -> Stats {
        match self {
            Self::One(value) => Stats::of(*value),
            Self::Many(pairs) => pairs.iter().fold(Stats::EMPTY, |mut stats, (value, count)| {
                stats.add(&Stats::repeated(*value, *count));
                stats
            }),
            Self::Set(stats) => *stats,
        }
    }
}

fn exclusive(at: &str, first: &str, second: &str) -> CloudWatchError {
    CloudWatchError::InvalidCombination(format!(
        "The parameters {at}.{first} and {at}.{second} are mutually exclusive and you have specified both."
    ))
}

fn pairs(values: &[f64], counts: Option<&[f64]>, at: &str) -> Result<Vec<(f64, f64)>, CloudWatchError> {
    if values.is_empty() || values.len() > VALUES_MAX {
        let message = format!("The parameter {at}.Values must have between 1 and {VALUES_MAX} values.");
        return Err(CloudWatchError::InvalidValue(message));
    }
    if counts.is_some_and(|counts| counts.len() != values.len()) {
        let message = format!("The parameters {at}.Values and {at}.Counts must be of the same size.");
        return Err(CloudWatchError::InvalidValue(message));
    }
    let pairs = values.iter().enumerate().map(|(index, value)| {
        let count = counts.map_or(1.0, |counts| counts[index]);
        check_value(*value, at, "Values")?;
        check_value(count, at, "Counts")?;
        if count <= 0.0 {
            return Err(CloudWatchError::InvalidValue(format!("The parameter {at}.Counts must be greater than 0.")));
        }
        Ok((*value, count))
    });
    pairs.collect()
}

fn check_value(value: f64, at: &str, name: &str) -> Result<(), CloudWatchError> {
    if value.is_finite() && value.abs() <= VALUE_MAX {
        return Ok(());
    }
    Err(CloudWatchError::InvalidValue(format!("The value {value} for parameter {at}.{name} is invalid.")))
}

fn check_set(stats: &Stats, at: &str) -> Result<(), CloudWatchError> {
    let at = format!("{at}.StatisticValues");
    for (name, value) in
        [("SampleCount", stats.count), ("Sum", stats.sum), ("Minimum", stats.minimum), ("Maximum", stats.maximum)]
    {
        check_value(value, &at, name)?;
    }
    if stats.count <= 0.0 {
        return Err(CloudWatchError::InvalidValue(format!("The parameter {at}.SampleCount must be greater than 0.")));
    }
    if stats.minimum > stats.maximum {
        return Err(CloudWatchError::InvalidCombination(format!(
            "The parameter {at}.Minimum must be less than or equal to {at}.Maximum."
        )));
    }
    Ok(())
}

fn check_time(time: Timestamp, at: &str, now: Timestamp) -> Result<(), CloudWatchError> {
    let bound = if time < now.before(PAST_MAX) {
        "within the past two weeks"
    } else if time > now.after(FUTURE_MAX) {
        "no more than two hours in the future"
    } else {
        return Ok(());
    };
    Err(CloudWatchError::InvalidValue(format!("The parameter {at}.Timestamp must specify a time {bound}.")))
}

fn check_dimensions(dimensions: &[(String, String)], at: &str) -> Result<(), CloudWatchError> {
    let twice = |(index, (name, _)): (usize, &(String, String))| dimensions[..index].iter().any(|(n, _)| n == name);
    if dimensions.iter().enumerate().any(twice) {
        let message = format!("The parameter {at}.Dimensions must not name a dimension twice.");
        return Err(CloudWatchError::InvalidValue(message));
    }
    Ok(())
}
