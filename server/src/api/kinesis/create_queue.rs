//! CreateQueue.

use streams::{CreateQueue, QueueAttributes, QueueStart};
use types::{Arn, QueueName, ResourceType, Timestamp};
use wire::kinesis::{CreateQueueInput, CreateQueueOutput, QueueStartingPosition};

use super::which_queue::{attributes_of, description};
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: CreateQueueInput) -> Result<CreateQueueOutput, ApiError> {
    let name = QueueName::parse(input.queue_name.as_deref().unwrap_or_default())
        .map_err(|error| ApiError::invalid_argument(error.to_string()))?;
    let arn = Arn::new(&caller.scope, ResourceType::Queue, name.as_str()).to_string();
    caller.authorize(&arn, &caller.scope.account, None)?;
    let [source] = &input.stream_configuration_list.unwrap_or_default()[..] else {
        return Err(ApiError::invalid_argument("StreamConfigurationList must hold exactly one stream."));
    };
    let stream = find(app, caller, None, source.stream_arn.as_deref())?;
    if stream.scope != caller.scope {
        return Err(ApiError::invalid_argument("A queue reads a stream of its own account and region."));
    }
    let given = attributes_of(input.queue_attributes)?;
    let defaults = QueueAttributes::default();
    let request = CreateQueue {
        name,
        stream: stream.name.clone(),
        start: source.starting_position.as_ref().map_or(Ok(QueueStart::default()), start)?,
        attributes: QueueAttributes {
            visibility_seconds: given.visibility_seconds.unwrap_or(defaults.visibility_seconds),
            receives_max: given.receives_max.unwrap_or(defaults.receives_max),
        },
        tags: input.tags.unwrap_or_default(),
    };
    let queue = app.streams.create_queue(&caller.scope, request).await?;
    Ok(CreateQueueOutput { queue_description: Some(description(&queue)) })
}

fn start(position: &QueueStartingPosition) -> Result<QueueStart, ApiError> {
    match (position.r#type.as_deref(), position.timestamp) {
        (Some("AT_TIMESTAMP"), Some(time)) => {
            Ok(QueueStart::AtTimestamp(Timestamp(u64::try_from(time.0).unwrap_or(0))))
        }
        (Some("AT_TIMESTAMP"), None) => Err(ApiError::invalid_argument("Timestamp must be given with AT_TIMESTAMP.")),
        (_, Some(_)) => Err(ApiError::invalid_argument("Timestamp can be given with AT_TIMESTAMP only.")),
        (Some("TRIM_HORIZON"), None) => Ok(QueueStart::TrimHorizon),
        // LATEST: the model lets nothing else through.
        (_, None) => Ok(QueueStart::Latest),
    }
}
