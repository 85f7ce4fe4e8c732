//! GetMetricData: several metrics at once, a page of datapoints at a time.
//!
//! The token of a page says how many datapoints of the whole answer came before it: the answer is made anew for each
//! page and cut there. Datapoints that were put in between may so be missed or come twice, as the API reference says.

use companions::cloudwatch::{CloudWatchError, Datapoint, Metric, Period};
use wire::cloudwatch::{GetMetricDataInput, GetMetricDataOutput, MetricDataQuery, MetricDataResult, MetricStat};

use super::shapes::{Statistic, dimensions, invalid, invalid_combination, read_time, read_unit, write_time};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Queries of one call (API reference).
const QUERIES_MAX: usize = 500;
/// Datapoints of one page (API reference).
const DATAPOINTS_MAX: usize = 100_800;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: GetMetricDataInput,
) -> Result<GetMetricDataOutput, ApiError> {
    let queries = input.metric_data_queries.unwrap_or_default();
    check(&queries)?;
    let times = (read_time(input.start_time), read_time(input.end_time));
    let ascending = input.scan_by.as_deref() == Some("TimestampAscending");
    let (mut skip, mut room) = (read_token(input.next_token.as_deref())?, page_max(input.max_datapoints)?);
    let before = skip;

    app.metrics.settle(&caller.scope).await;
    let mut results = Vec::new();
    let mut is_whole = true;
    for query in queries.into_iter().filter(|query| query.return_data != Some(false)) {
        let id = query.id.clone().unwrap_or_default();
        let (label, mut values) = answer(app, caller, query, times)?;
        if !ascending {
            values.reverse();
        }
        let skipped = skip.min(values.len());
        skip -= skipped;
        values.drain(..skipped);
        let cut = values.len() > room;
        values.truncate(room);
        room -= values.len();
        is_whole &= !cut;
        results.push(result(id, label, values, cut));
    }
    let told: usize = results.iter().filter_map(|result| result.values.as_ref()).map(Vec::len).sum();
    let next_token = (!is_whole).then(|| format!("{:x}", before + told));
    Ok(GetMetricDataOutput { messages: None, metric_data_results: Some(results), next_token })
}

fn result(id: String, label: String, values: Vec<(wire::Timestamp, f64)>, cut: bool) -> MetricDataResult {
    let (timestamps, values) = values.into_iter().unzip();
    MetricDataResult {
        id: Some(id),
        label: Some(label),
        messages: None,
        status_code: Some(if cut { "PartialData" } else { "Complete" }.into()),
        timestamps: Some(timestamps),
        values: Some(values),
    }
}

fn check(queries: &[MetricDataQuery]) -> Result<(), ApiError> {
    if queries.is_empty() {
        return Err(CloudWatchError::Missing("The parameter MetricDataQueries is required.".into()).into());
    }
    if queries.len() > QUERIES_MAX {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {QUERIES_MAX}."
        )));
    }
    for (index, query) in queries.iter().enumerate() {
        let at = format!("MetricDataQueries.member.{}", index + 1);
        let id = query.id.as_deref().unwrap_or_default();
        let fits = id.starts_with(|c: char| c.is_ascii_lowercase())
            && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        if !fits {
            return Err(invalid(format!("The value {id} for parameter {at}.Id is invalid.")));
        }
        if queries[..index].iter().any(|other| other.id == query.id) {
            return Err(invalid(format!("The values for parameter Id in {at} are not unique: {id}.")));
        }
        if query.expression.is_some() {
            return Err(invalid(format!(
                "The parameter {at}.Expression is not supported: this server does no metric math. Ask for each metric \
                 with MetricStat."
            )));
        }
    }
    Ok(())
}

/// A query's label, and its datapoints in order of time.
fn answer(
    app: &App,
    caller: &Caller,
    query: MetricDataQuery,
    (start, end): (types::Timestamp, types::Timestamp),
) -> Result<(String, Vec<(wire::Timestamp, f64)>), ApiError> {
    let Some(MetricStat { metric, period, stat, unit }) = query.metric_stat else {
        return Err(invalid_combination("Either MetricStat or Expression must be given.".into()));
    };
    if query.account_id.is_some_and(|account| account != caller.scope.account.as_str()) {
        return Err(invalid("The value for parameter AccountId is not the caller's account.".into()));
    }
    let statistic = Statistic::parse(&stat.unwrap_or_default(), "Stat")?;
    let period = Period::new(start, end, period.unwrap_or(0))?;
    let metric = metric.unwrap_or_default();
    let name = metric.metric_name.unwrap_or_default();
    let metric = Metric::new(metric.namespace.unwrap_or_default(), name.clone(), dimensions(metric.dimensions));
    let points = app.cloudwatch.statistics(&caller.scope, &metric, period, read_unit(unit.as_deref())?);
    let value = |point: &Datapoint| (write_time(point.time), statistic.of(point));
    Ok((query.label.unwrap_or(name), points.iter().map(value).collect()))
}

fn read_token(token: Option<&str>) -> Result<usize, ApiError> {
    let invalid = |_| CloudWatchError::InvalidToken("The parameter NextToken is invalid.".into()).into();
    token.map_or(Ok(0), |token| usize::from_str_radix(token, 16).map_err(invalid))
}

fn page_max(asked: Option<i32>) -> Result<usize, ApiError> {
    let Some(asked) = asked else { return Ok(DATAPOINTS_MAX) };
    let max = usize::try_from(asked).ok().filter(|max| (1..=DATAPOINTS_MAX).contains(max));
    max.ok_or_else(|| invalid(format!("The value {asked} for parameter MaxDatapoints is invalid.")))
}
