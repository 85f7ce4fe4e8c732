//! UpdateQueue: attributes that the request does not name stay as they are.

use wire::kinesis::{UpdateQueueInput, UpdateQueueOutput};

use super::which_queue::{attributes_of, by_arn, description};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: UpdateQueueInput) -> Result<UpdateQueueOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    let change = attributes_of(input.queue_attributes)?;
    let updated = app.streams.update_queue(&queue, change).await?;
    Ok(UpdateQueueOutput { queue_description: Some(description(&updated)) })
}
