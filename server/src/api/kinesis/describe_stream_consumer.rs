//! DescribeStreamConsumer: by its ARN, or by its stream and name.

use wire::Timestamp;
use wire::kinesis::{ConsumerDescription, DescribeStreamConsumerInput, DescribeStreamConsumerOutput};

use super::which_consumer::WhichConsumer;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeStreamConsumerInput,
) -> Result<DescribeStreamConsumerOutput, ApiError> {
    let which = WhichConsumer {
        stream_arn: input.stream_arn.as_deref(),
        name: input.consumer_name.as_deref(),
        arn: input.consumer_arn.as_deref(),
    };
    let (stream, consumer) = which.find(app, caller)?;
    let description = ConsumerDescription {
        consumer_name: Some(consumer.name.to_string()),
        consumer_arn: Some(consumer.arn(&stream).to_string()),
        consumer_status: Some(consumer.status.as_str().into()),
        consumer_creation_timestamp: Some(Timestamp(consumer.created().0 as i64)),
        stream_arn: Some(stream.arn().to_string()),
    };
    Ok(DescribeStreamConsumerOutput { consumer_description: Some(description) })
}
