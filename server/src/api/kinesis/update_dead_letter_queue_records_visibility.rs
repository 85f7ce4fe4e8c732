//! UpdateDeadLetterQueueRecordsVisibility: received dead letters are hidden longer or shorter.

use streams::Shelf;
use wire::kinesis::{
    UpdateDeadLetterQueueRecordsVisibilityErrorEntry, UpdateDeadLetterQueueRecordsVisibilityInput,
    UpdateDeadLetterQueueRecordsVisibilityOutput, UpdateDeadLetterQueueRecordsVisibilityResultEntry,
};

use super::which_queue::{by_arn, hide, settle};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateDeadLetterQueueRecordsVisibilityInput,
) -> Result<UpdateDeadLetterQueueRecordsVisibilityOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    let entries = input.entries.unwrap_or_default().into_iter();
    let entries = entries.map(|entry| (entry.receipt_handle, hide(entry.visibility_timeout_seconds)));
    let settled = settle(app, &queue, Shelf::DeadLetters, entries).await?;
    let successful = settled
        .successful
        .into_iter()
        .map(|handle| UpdateDeadLetterQueueRecordsVisibilityResultEntry { receipt_handle: Some(handle) });
    let failed =
        settled.failed.into_iter().map(|(handle, code, message)| UpdateDeadLetterQueueRecordsVisibilityErrorEntry {
            receipt_handle: Some(handle),
            error_code: Some(code.into()),
            error_message: Some(message),
        });
    Ok(UpdateDeadLetterQueueRecordsVisibilityOutput {
        successful: Some(successful.collect()),
        failed: Some(failed.collect()),
    })
}
