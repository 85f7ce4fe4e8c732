//! RegisterStreamConsumer.

use types::ConsumerName;
use wire::kinesis::{RegisterStreamConsumerInput, RegisterStreamConsumerOutput};

use super::shapes::consumer;
use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: RegisterStreamConsumerInput,
) -> Result<RegisterStreamConsumerOutput, ApiError> {
    let stream = find(app, caller, None, input.stream_arn.as_deref())?;
    let name = ConsumerName::parse(input.consumer_name.as_deref().unwrap_or_default())
        .map_err(|error| ApiError::invalid_argument(error.to_string()))?;
    let tags = input.tags.unwrap_or_default();
    let registered = app.streams.register_consumer(&stream.scope, &stream.name, name, tags).await?;
    Ok(RegisterStreamConsumerOutput { consumer: Some(consumer(&stream, &registered)) })
}
