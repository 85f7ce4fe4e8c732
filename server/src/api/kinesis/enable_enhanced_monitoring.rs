//! EnableEnhancedMonitoring: switches shard-level metrics on.

use wire::kinesis::{EnableEnhancedMonitoringInput, EnhancedMonitoringOutput};

use super::shapes::{metric_names, metrics};
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: EnableEnhancedMonitoringInput,
) -> Result<EnhancedMonitoringOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let asked = metrics(&input.shard_level_metrics.unwrap_or_default());
    let (stream, before) = app.streams.set_monitoring(&stream.scope, &stream.name, asked, true).await?;
    Ok(EnhancedMonitoringOutput {
        stream_name: Some(stream.name.to_string()),
        current_shard_level_metrics: Some(metric_names(&before)),
        desired_shard_level_metrics: Some(metric_names(&stream.monitoring)),
        stream_arn: Some(stream.arn().to_string()),
    })
}
