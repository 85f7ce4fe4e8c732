//! AcknowledgeQueueRecords: the queue delivers the records never again.

use streams::{QueueAction, Shelf};
use wire::kinesis::{
    AcknowledgeQueueRecordsErrorEntry, AcknowledgeQueueRecordsInput, AcknowledgeQueueRecordsOutput,
    AcknowledgeQueueRecordsResultEntry,
};

use super::which_queue::{by_arn, settle};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: AcknowledgeQueueRecordsInput,
) -> Result<AcknowledgeQueueRecordsOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    let entries = input.entries.unwrap_or_default().into_iter();
    let entries = entries.map(|entry| (entry.receipt_handle, QueueAction::Acknowledge));
    let settled = settle(app, &queue, Shelf::Queue, entries).await?;
    let successful = settled
        .successful
        .into_iter()
        .map(|handle| AcknowledgeQueueRecordsResultEntry { receipt_handle: Some(handle) });
    let failed = settled.failed.into_iter().map(|(handle, code, message)| AcknowledgeQueueRecordsErrorEntry {
        receipt_handle: Some(handle),
        error_code: Some(code.into()),
        error_message: Some(message),
    });
    Ok(AcknowledgeQueueRecordsOutput { successful: Some(successful.collect()), failed: Some(failed.collect()) })
}
