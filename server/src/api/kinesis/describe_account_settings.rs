//! DescribeAccountSettings.

use wire::kinesis::{DescribeAccountSettingsInput, DescribeAccountSettingsOutput};

use super::shapes::commitment;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    _: DescribeAccountSettingsInput,
) -> Result<DescribeAccountSettingsOutput, ApiError> {
    let settings = app.streams.commitment(&caller.scope);
    Ok(DescribeAccountSettingsOutput {
        minimum_throughput_billing_commitment: Some(commitment(settings, app.clock.now())),
    })
}
