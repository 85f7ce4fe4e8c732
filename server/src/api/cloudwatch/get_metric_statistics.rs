//! GetMetricStatistics.

use companions::cloudwatch::{CloudWatchError, Metric, Period};
use wire::cloudwatch::{Datapoint, GetMetricStatisticsInput, GetMetricStatisticsOutput};

use super::shapes::{Statistic, dimensions, invalid_combination, read_time, read_unit, write_time};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Datapoints of one answer (API reference).
const DATAPOINTS_MAX: usize = 1_440;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: GetMetricStatisticsInput,
) -> Result<GetMetricStatisticsOutput, ApiError> {
    if let Some(first) = input.extended_statistics.as_deref().and_then(<[_]>::first) {
        Statistic::parse(first, "ExtendedStatistics.member.1")?;
    }
    let names = input.statistics.unwrap_or_default();
    if names.is_empty() {
        let message = "Must specify either Statistics or ExtendedStatistics";
        return Err(CloudWatchError::Missing(message.into()).into());
    }
    let wanted = names.iter().map(|name| Statistic::parse(name, "Statistics")).collect::<Result<Vec<_>, _>>()?;
    let period = Period::new(read_time(input.start_time), read_time(input.end_time), input.period.unwrap_or(0))?;
    if period.steps() > DATAPOINTS_MAX {
        return Err(invalid_combination(format!(
            "You have requested up to {} datapoints, which exceeds the limit of {DATAPOINTS_MAX}. You may reduce the \
             datapoints requested by increasing Period, or decreasing the time range.",
            period.steps()
        )));
    }
    let name = input.metric_name.unwrap_or_default();
    let metric = Metric::new(input.namespace.unwrap_or_default(), name.clone(), dimensions(input.dimensions));
    app.metrics.settle(&caller.scope).await;
    let points = app.cloudwatch.statistics(&caller.scope, &metric, period, read_unit(input.unit.as_deref())?);
    let datapoint = |point: &companions::cloudwatch::Datapoint| {
        let told = |statistic: Statistic| wanted.contains(&statistic).then(|| statistic.of(point));
        Datapoint {
            average: told(Statistic::Average),
            extended_statistics: None,
            maximum: told(Statistic::Maximum),
            minimum: told(Statistic::Minimum),
            sample_count: told(Statistic::SampleCount),
            sum: told(Statistic::Sum),
            timestamp: Some(write_time(point.time)),
            unit: Some(point.unit.to_string()),
        }
    };
    Ok(GetMetricStatisticsOutput { datapoints: Some(points.iter().map(datapoint).collect()), label: Some(name) })
}
