//! DescribeQueue.

use wire::kinesis::{DescribeQueueInput, DescribeQueueOutput};

use super::which_queue::{by_arn, description};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeQueueInput,
) -> Result<DescribeQueueOutput, ApiError> {
    let queue = by_arn(app, caller, input.queue_arn.as_deref())?;
    Ok(DescribeQueueOutput { queue_description: Some(description(&queue)) })
}
