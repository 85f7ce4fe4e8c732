//! RestoreDeadLetterQueueRecords: dead letters go back into the queue.

use streams::{QueueAction, Shelf};
use wire::kinesis::{
    RestoreDeadLetterQueueRecordsErrorEntry, RestoreDeadLetterQueueRecordsInput, RestoreDeadLetterQueueRecordsOutput,
    RestoreDeadLetterQueueRecordsResultEntry,
};

use super::which_queue::{by_arn, settle};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: RestoreDeadLetterQueueRecordsInput,
) -> Result<RestoreDeadLetterQueueRecordsOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    let entries = input.entries.unwrap_or_default().into_iter();
    let entries = entries.map(|entry| (entry.receipt_handle, QueueAction::Restore));
    let settled = settle(app, &queue, Shelf::DeadLetters, entries).await?;
    let successful = settled
        .successful
        .into_iter()
        .map(|handle| RestoreDeadLetterQueueRecordsResultEntry { receipt_handle: Some(handle) });
    let failed = settled.failed.into_iter().map(|(handle, code, message)| RestoreDeadLetterQueueRecordsErrorEntry {
        receipt_handle: Some(handle),
        error_code: Some(code.into()),
        error_message: Some(message),
    });
    Ok(RestoreDeadLetterQueueRecordsOutput { successful: Some(successful.collect()), failed: Some(failed.collect()) })
}
