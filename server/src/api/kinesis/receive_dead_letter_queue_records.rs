//! ReceiveDeadLetterQueueRecords: records that were received too often.

use streams::Shelf;
use wire::kinesis::{ReceiveDeadLetterQueueRecordsInput, ReceiveDeadLetterQueueRecordsOutput};

use super::which_queue::{Asked, by_arn};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ReceiveDeadLetterQueueRecordsInput,
) -> Result<ReceiveDeadLetterQueueRecordsOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    let asked = Asked {
        limit: input.limit,
        wait_seconds: input.wait_time_seconds,
        visibility_seconds: input.visibility_timeout_seconds,
    };
    let records = asked.receive(app, &queue, Shelf::DeadLetters).await?;
    Ok(ReceiveDeadLetterQueueRecordsOutput { queue_records: Some(records) })
}
