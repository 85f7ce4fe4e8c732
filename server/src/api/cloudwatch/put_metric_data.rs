//! PutMetricData.

use companions::cloudwatch::{Datum, Stats};
use types::Timestamp;
use wire::cloudwatch::{MetricDatum, PutMetricDataInput, StatisticSet};

use super::shapes::{dimensions, read_unit};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: PutMetricDataInput) -> Result<(), ApiError> {
    // What entity a datum belongs to is of no use here; the datum is.
    let of_entities = input.entity_metric_data.unwrap_or_default().into_iter().flat_map(|entity| entity.metric_data);
    let all = input.metric_data.into_iter().chain(of_entities).flatten();
    let data = all.map(datum).collect::<Result<Vec<_>, _>>()?;
    Ok(app.cloudwatch.put(&caller.scope, &input.namespace.unwrap_or_default(), data).await?)
}

fn datum(datum: MetricDatum) -> Result<Datum, ApiError> {
    Ok(Datum {
        name: datum.metric_name.unwrap_or_default(),
        dimensions: dimensions(datum.dimensions),
        unit: read_unit(datum.unit.as_deref())?.unwrap_or_default(),
        time: datum.timestamp.map(|time| Timestamp(u64::try_from(time.0).unwrap_or(0))),
        value: datum.value,
        values: datum.values,
        counts: datum.counts,
        statistics: datum.statistic_values.map(stats),
    })
}

fn stats(set: StatisticSet) -> Stats {
    // The model requires all four, and what it requires is there.
    let figure = |figure: Option<f64>| figure.unwrap_or(f64::NAN);
    Stats {
        count: figure(set.sample_count),
        sum: figure(set.sum),
        minimum: figure(set.minimum),
        maximum: figure(set.maximum),
    }
}
