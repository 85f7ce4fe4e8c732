//! DeleteQueue: with its receipts and dead letters; the records stay in the stream.

use wire::kinesis::DeleteQueueInput;

use super::which_queue::by_arn;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteQueueInput) -> Result<(), ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    Ok(app.streams.delete_queue(&queue).await?)
}
