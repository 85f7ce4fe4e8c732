//! UpdateQueueRecordsVisibility: received records are hidden longer or shorter.

use streams::Shelf;
use wire::kinesis::{
    UpdateQueueRecordsVisibilityErrorEntry, UpdateQueueRecordsVisibilityInput, UpdateQueueRecordsVisibilityOutput,
    UpdateQueueRecordsVisibilityResultEntry,
};

use super::which_queue::{by_arn, hide, settle};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateQueueRecordsVisibilityInput,
) -> Result<UpdateQueueRecordsVisibilityOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    let entries = input.entries.unwrap_or_default().into_iter();
    let entries = entries.map(|entry| (entry.receipt_handle, hide(entry.visibility_timeout_seconds)));
    let settled = settle(app, &queue, Shelf::Queue, entries).await?;
    let successful = settled
        .successful
        .into_iter()
        .map(|handle| UpdateQueueRecordsVisibilityResultEntry { receipt_handle: Some(handle) });
    let failed = settled.failed.into_iter().map(|(handle, code, message)| UpdateQueueRecordsVisibilityErrorEntry {
        receipt_handle: Some(handle),
        error_code: Some(code.into()),
        error_message: Some(message),
    });
    Ok(UpdateQueueRecordsVisibilityOutput { successful: Some(successful.collect()), failed: Some(failed.collect()) })
}
