//! StartApplication: from the last state, or afresh.

use wire::analytics::{StartApplicationRequest, StartApplicationResponse};

use super::{invalid, name, operation_id};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: StartApplicationRequest,
) -> Result<StartApplicationResponse, ApiError> {
    let name = name(input.application_name.as_deref())?;
    let run = input.run_configuration.unwrap_or_default();
    if run.sql_run_configurations.is_some_and(|list| !list.is_empty()) {
        return Err(invalid(
            "SqlRunConfigurations is for legacy SQL inputs; set 'source.init.position' in the table's WITH.",
        ));
    }
    let restore = run.application_restore_configuration.and_then(|restore| restore.application_restore_type);
    let afresh = match restore.as_deref() {
        None | Some("RESTORE_FROM_LATEST_SNAPSHOT") => false,
        Some("SKIP_RESTORE_FROM_SNAPSHOT") => true,
        Some(_) => {
            return Err(invalid("RESTORE_FROM_CUSTOM_SNAPSHOT is not supported: there are no snapshots by name."));
        }
    };
    app.analytics.start(&caller.scope, &name, afresh).await?;
    Ok(StartApplicationResponse { operation_id: operation_id(app) })
}
