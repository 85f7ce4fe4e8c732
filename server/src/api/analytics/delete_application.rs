//! DeleteApplication: the caller proves with the creation time that it means this incarnation.

use wire::analytics::{DeleteApplicationRequest, DeleteApplicationResponse};

use super::{invalid, name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DeleteApplicationRequest,
) -> Result<DeleteApplicationResponse, ApiError> {
    let name = name(input.application_name.as_deref())?;
    let application = app.analytics.describe(&caller.scope, &name)?;
    // SDKs round the time on its way through them, some to the second, up or down.
    let asked = input.create_timestamp.unwrap_or_default().0;
    if asked.abs_diff(application.created.0 as i64) >= 1000 {
        return Err(invalid(format!("CreateTimestamp is not the time at which application {name} was created.")));
    }
    app.analytics.delete(&caller.scope, &name).await?;
    Ok(DeleteApplicationResponse::default())
}
