//! DescribeApplication; with IncludeAdditionalDetails how the job does stands where Flink shows its job plan.

use analytics::Stats;
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
    let name = name(input.application_name.as_deref())?;
    let application = app.analytics.describe(&caller.scope, &name)?;
    let mut detail = detail(&application);
    if input.include_additional_details == Some(true) {
        let stats = app.analytics.stats(&caller.scope, &name)?;
        let configuration = detail.application_configuration_description.get_or_insert_default();
        let flink = configuration.flink_application_configuration_description.get_or_insert_default();
        flink.job_plan_description = Some(job(&stats));
    }
    Ok(DescribeApplicationResponse { application_detail: Some(detail) })
}

/// The figures of a job as JSON.
fn job(stats: &Stats) -> String {
    let failure = stats.failure.as_ref();
    serde_json::json!({
        "recordsIn": stats.records_in,
        "rowsOut": stats.rows_out,
        "lateRowsDropped": stats.late,
        "recordsIgnored": stats.ignored,
        "recordsBehind": stats.records_behind,
        "watermarkMillis": stats.watermark,
        "restarts": stats.restarts,
        "lastFailure": failure.map(|(_, message)| message),
        "lastFailureMillis": failure.map(|(time, _)| time.0),
    })
    .to_string()
}
