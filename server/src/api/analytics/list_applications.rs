//! ListApplications: names in order, a page at a time; the token is the last name of the page before.

use wire::analytics::{ApplicationSummary, ListApplicationsRequest, ListApplicationsResponse};

use super::detail::{status, version};
use super::name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Default and largest page (model shape `ListApplicationsInputLimit`).
const PAGE_MAX: usize = 50;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ListApplicationsRequest,
) -> Result<ListApplicationsResponse, ApiError> {
    let after = input.next_token.as_deref().map(|token| name(Some(token))).transpose()?;
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE_MAX);
    let page = app.analytics.list(&caller.scope, after.as_ref(), limit.min(PAGE_MAX));
    let last = page.applications.last().filter(|_| page.has_more).map(|application| application.name.to_string());
    let summaries = page.applications.iter().map(|application| ApplicationSummary {
        application_name: Some(application.name.to_string()),
        application_arn: Some(application.arn().to_string()),
        application_status: Some(status(application.status).into()),
        application_version_id: Some(version()),
        runtime_environment: Some(application.configuration.runtime_environment.clone()),
        application_mode: application.configuration.mode.clone(),
    });
    Ok(ListApplicationsResponse { application_summaries: Some(summaries.collect()), next_token: last })
}
