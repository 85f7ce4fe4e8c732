//! What several operations read or write.

use companions::cloudwatch::{CloudWatchError, Datapoint, Unit};
use types::Timestamp;
use wire::cloudwatch::Dimension;

use crate::error::ApiError;

/// Names and values.
pub(super) fn dimensions(dimensions: Option<Vec<Dimension>>) -> Vec<(String, String)> {
    let pair = |dimension: Dimension| (dimension.name.unwrap_or_default(), dimension.value.unwrap_or_default());
    dimensions.unwrap_or_default().into_iter().map(pair).collect()
}

/// The unit, if one is named; the model has checked the name.
pub(super) fn read_unit(text: Option<&str>) -> Result<Option<Unit>, ApiError> {
    let read =
        |text| Unit::parse(text).ok_or_else(|| invalid(format!("The value {text} for parameter Unit is invalid.")));
    text.map(read).transpose()
}

/// A time of a request; what is before 1970 is 1970.
pub(super) fn read_time(time: Option<wire::Timestamp>) -> Timestamp {
    Timestamp(time.and_then(|time| u64::try_from(time.0).ok()).unwrap_or(0))
}

/// A time of an answer.
pub(super) fn write_time(time: Timestamp) -> wire::Timestamp {
    wire::Timestamp(i64::try_from(time.0).unwrap_or(i64::MAX))
}

/// One of the five statistics that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Statistic {
    SampleCount,
    Average,
    Sum,
    Minimum,
    Maximum,
}

impl Statistic {
    /// Reads a name. Percentiles, trimmed means and their like need samples, which are not kept.
    pub(super) fn parse(text: &str, parameter: &str) -> Result<Self, ApiError> {
        match text {
            "SampleCount" => Ok(Self::SampleCount),
            "Average" => Ok(Self::Average),
            "Sum" => Ok(Self::Sum),
            "Minimum" => Ok(Self::Minimum),
            "Maximum" => Ok(Self::Maximum),
            _ => Err(invalid(format!(
                "The value {text} for parameter {parameter} is not supported. This server keeps SampleCount, Sum, \
                 Minimum and Maximum of each minute, and so tells SampleCount, Average, Sum, Minimum and Maximum."
            ))),
        }
    }

    /// The figure.
    pub(super) fn of(self, point: &Datapoint) -> f64 {
        match self {
            Self::SampleCount => point.stats.count,
            Self::Average => point.stats.average(),
            Self::Sum => point.stats.sum,
            Self::Minimum => point.stats.minimum,
            Self::Maximum => point.stats.maximum,
        }
    }
}

/// InvalidParameterValue.
pub(super) fn invalid(message: String) -> ApiError {
    CloudWatchError::InvalidValue(message).into()
}

/// InvalidParameterCombination.
pub(super) fn invalid_combination(message: String) -> ApiError {
    CloudWatchError::InvalidCombination(message).into()
}
