//! DescribeContinuousBackups.

use wire::dynamodb::{DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput};

use super::table::{backups, backups_error};
use super::table_name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeContinuousBackupsInput,
) -> Result<DescribeContinuousBackupsOutput, ApiError> {
    let name = table_name(caller, input.table_name.as_deref())?;
    let info = app.dynamodb.describe_table(&caller.scope, &name);
    let info = info.map_err(|error| backups_error(error, name.as_str()))?;
    Ok(DescribeContinuousBackupsOutput { continuous_backups_description: Some(backups(&info, app.clock.now())) })
}
