//! UpdateAccountSettings: the commitment to a minimum throughput.

use wire::kinesis::{UpdateAccountSettingsInput, UpdateAccountSettingsOutput};

use super::shapes::commitment;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateAccountSettingsInput,
) -> Result<UpdateAccountSettingsOutput, ApiError> {
    let status = input.minimum_throughput_billing_commitment.and_then(|asked| asked.status);
    let settings = app.streams.set_commitment(&caller.scope, status.as_deref() == Some("ENABLED")).await?;
    Ok(UpdateAccountSettingsOutput {
        minimum_throughput_billing_commitment: Some(commitment(settings, app.clock.now())),
    })
}
