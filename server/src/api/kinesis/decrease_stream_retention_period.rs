//! DecreaseStreamRetentionPeriod: records are kept shorter.

use wire::kinesis::DecreaseStreamRetentionPeriodInput;

use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DecreaseStreamRetentionPeriodInput,
) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let hours = input.retention_period_hours.unwrap_or_default();
    Ok(app.streams.set_retention(&stream.scope, &stream.name, hours, false).await?)
}
