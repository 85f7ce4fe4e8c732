//! DescribeApplication.

use wire::analytics::{DescribeApplicationRequest, DescribeApplicationResponse};

use super::detail::detail;
use super::name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeApplicationRequest,
) -> Result<DescribeApplicationResponse, ApiError> {
    let application = app.analytics.describe(&caller.scope, &name(input.application_name.as_deref())?)?;
    Ok(DescribeApplicationResponse { application_detail: Some(detail(&application)) })
}
