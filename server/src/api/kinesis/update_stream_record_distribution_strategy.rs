//! UpdateStreamRecordDistributionStrategy: how records find their shard.

use wire::kinesis::UpdateStreamRecordDistributionStrategyInput;

use super::shapes::distribution_of;
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateStreamRecordDistributionStrategyInput,
) -> Result<(), ApiError> {
    let stream = find(app, caller, None, input.stream_arn.as_deref())?;
    let distribution = distribution_of(input.record_distribution_strategy.as_deref());
    Ok(app.streams.set_distribution(&stream.scope, &stream.name, distribution).await?)
}
