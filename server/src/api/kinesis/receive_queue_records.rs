//! ReceiveQueueRecords: records that nobody else has now, or a wait for some.

use streams::Shelf;
use wire::kinesis::{ReceiveQueueRecordsInput, ReceiveQueueRecordsOutput};

use super::which_queue::{Asked, by_arn};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: ReceiveQueueRecordsInput,
) -> Result<ReceiveQueueRecordsOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    let asked = Asked {
        limit: input.limit,
        wait_seconds: input.wait_time_seconds,
        visibility_seconds: input.visibility_timeout_seconds,
    };
    let records = asked.receive(app, &queue, Shelf::Queue).await?;
    Ok(ReceiveQueueRecordsOutput { queue_records: Some(records) })
}
