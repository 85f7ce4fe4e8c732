//! CreateApplication: the SQL is compiled before the application exists, so that what cannot run is refused here.

use analytics::CreateApplication;
use wire::analytics::{CreateApplicationRequest, CreateApplicationResponse};

use super::configuration::configuration;
use super::detail::detail;
use super::name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: CreateApplicationRequest,
) -> Result<CreateApplicationResponse, ApiError> {
    let name = name(input.application_name.as_deref())?;
    let tags = input.tags.iter().flatten();
    let tags = tags.map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default())).collect();
    let request = CreateApplication { name, configuration: configuration(input)?, tags };
    let application = app.analytics.create(&caller.scope, request).await?;
    Ok(CreateApplicationResponse { application_detail: Some(detail(&application)) })
}
