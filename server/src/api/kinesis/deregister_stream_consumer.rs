//! DeregisterStreamConsumer: by its ARN, or by its stream and name.

use wire::kinesis::DeregisterStreamConsumerInput;

use super::which_consumer::WhichConsumer;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeregisterStreamConsumerInput) -> Result<(), ApiError> {
    let which = WhichConsumer {
        stream_arn: input.stream_arn.as_deref(),
        name: input.consumer_name.as_deref(),
        arn: input.consumer_arn.as_deref(),
    };
    let (stream, consumer) = which.find(app, caller)?;
    Ok(app.streams.deregister_consumer(&consumer.arn(&stream)).await?)
}
