//! StopApplication: after a last commit, or where it is with Force.

use wire::analytics::{StopApplicationRequest, StopApplicationResponse};

use super::{name, operation_id};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: StopApplicationRequest,
) -> Result<StopApplicationResponse, ApiError> {
    let name = name(input.application_name.as_deref())?;
    app.analytics.stop(&caller.scope, &name, input.force == Some(true)).await?;
    Ok(StopApplicationResponse { operation_id: operation_id(app) })
}
