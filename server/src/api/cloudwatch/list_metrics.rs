//! ListMetrics.

use companions::cloudwatch::{DimensionFilter, ListFilter, Metric};
use wire::cloudwatch::{self as shapes, Dimension, ListMetricsInput, ListMetricsOutput};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: ListMetricsInput) -> Result<ListMetricsOutput, ApiError> {
    app.metrics.settle(&caller.scope).await;
    let filter = |filter: shapes::DimensionFilter| DimensionFilter {
        name: filter.name.unwrap_or_default(),
        value: filter.value,
    };
    let filter = ListFilter {
        namespace: input.namespace,
        name: input.metric_name,
        dimensions: input.dimensions.unwrap_or_default().into_iter().map(filter).collect(),
        recently_active: input.recently_active.is_some(),
    };
    let page = app.cloudwatch.list(&caller.scope, &filter, input.next_token.as_deref())?;
    Ok(ListMetricsOutput {
        metrics: Some(page.metrics.into_iter().map(metric).collect()),
        next_token: page.next_token,
        owning_accounts: None,
    })
}

fn metric(metric: Metric) -> shapes::Metric {
    let dimension =
        |(name, value): &(String, String)| Dimension { name: Some(name.clone()), value: Some(value.clone()) };
    shapes::Metric {
        dimensions: Some(metric.dimensions().iter().map(dimension).collect()),
        metric_name: Some(metric.name),
        namespace: Some(metric.namespace),
    }
}
