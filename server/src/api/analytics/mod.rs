//! Data Analytics (`KinesisAnalytics_20180523`): one file for each operation. `configuration.rs` reads the part of
//! CreateApplication that is long, `detail.rs` writes the description that several answers share.

mod configuration;
mod create_application;
mod delete_application;
mod describe_application;
mod detail;
mod list_applications;
mod start_application;
mod stop_application;
#[cfg(test)]
mod tests;

use analytics::AnalyticsError;
use types::ApplicationName;

use crate::app::App;
use crate::error::ApiError;

crate::api::operations! {
    CreateApplication => create_application,
    DeleteApplication => delete_application,
    DescribeApplication => describe_application,
    ListApplications => list_applications,
    StartApplication => start_application,
    StopApplication => stop_application,
}

/// InvalidArgumentException.
fn invalid(message: impl Into<String>) -> ApiError {
    AnalyticsError::Invalid(message.into()).into()
}

fn name(text: Option<&str>) -> Result<ApplicationName, ApiError> {
    ApplicationName::parse(text.unwrap_or_default()).map_err(|error| invalid(error.to_string()))
}

/// Operations are over when they are answered; the id names the one that was.
fn operation_id(app: &App) -> Option<String> {
    Some(types::new_uuid(&*app.random).simple().to_string())
}
