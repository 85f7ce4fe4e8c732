//! UpdateContinuousBackups: a setting that is kept and shown. What it promises, the durable log already does.

use wire::dynamodb::{UpdateContinuousBackupsInput, UpdateContinuousBackupsOutput};

use super::table::{backups, backups_error};
use super::table_name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// How far back recovery reaches unless the request says so (API reference: 35 days).
const RECOVERY_DAYS_DEFAULT: i32 = 35;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateContinuousBackupsInput,
) -> Result<UpdateContinuousBackupsOutput, ApiError> {
    let name = table_name(caller, input.table_name.as_deref())?;
    let asked = input.point_in_time_recovery_specification.unwrap_or_default();
    let days = asked.recovery_period_in_days.unwrap_or(RECOVERY_DAYS_DEFAULT);
    let days = (asked.point_in_time_recovery_enabled == Some(true)).then_some(days);
    let info = app.dynamodb.update_recovery(&caller.scope, &name, days).await;
    let info = info.map_err(|error| backups_error(error, name.as_str()))?;
    Ok(UpdateContinuousBackupsOutput { continuous_backups_description: Some(backups(&info, app.clock.now())) })
}
