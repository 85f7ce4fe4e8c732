//! DescribeLimits: how much of the account's quotas is used.

use delivery::Channel;
use wire::kinesis::{DescribeLimitsInput, DescribeLimitsOutput};

use super::shapes::to_count;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// What the answer names where there is no limit: the largest number that the model allows.
const NO_LIMIT: u32 = 1_000_000;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    _: DescribeLimitsInput,
) -> Result<DescribeLimitsOutput, ApiError> {
    let (quotas, used) = (app.streams.quotas(), app.streams.usage(&caller.scope));
    let limit = |limit: Option<u32>| Some(to_count(limit.unwrap_or(NO_LIMIT) as usize));
    Ok(DescribeLimitsOutput {
        shard_limit: limit(quotas.open_shards),
        open_shard_count: Some(to_count(used.open_shards)),
        on_demand_stream_count: Some(to_count(used.on_demand_streams)),
        on_demand_stream_count_limit: limit(quotas.on_demand_streams),
        channel_count: Some(to_count(app.delivery.channel_count(&caller.scope))),
        channel_count_limit: Some(to_count(Channel::COUNT_MAX)),
    })
}
