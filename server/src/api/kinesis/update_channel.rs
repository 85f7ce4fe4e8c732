//! UpdateChannel: how long records wait, and where AWS would log.

use delivery::{Logging, UpdateChannel};
use wire::kinesis::{CloudWatchLogsUpdateInput, UpdateChannelInput, UpdateChannelOutput};

use super::channel_shapes::description;
use super::which_channel::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: UpdateChannelInput,
) -> Result<UpdateChannelOutput, ApiError> {
    let channel = find(app, caller, input.channel_arn.as_deref())?;
    if input.s3_tables_destination_configuration.is_some() {
        return Err(ApiError::invalid_argument(
            "S3TablesDestinationConfiguration cannot be changed: the channel has an S3 destination.",
        ));
    }
    let seconds = input.s3_destination_configuration.and_then(|destination| destination.data_freshness_in_seconds);
    let logs = input.logging_configuration.and_then(|logging| logging.cloud_watch_logs);
    let request = UpdateChannel {
        freshness_seconds: seconds.map(|seconds| u32::try_from(seconds).unwrap_or(0)),
        logging: logs.map(|CloudWatchLogsUpdateInput { enabled, log_group_name, log_stream_name }| Logging {
            enabled: enabled == Some(true),
            group: log_group_name,
            stream: log_stream_name,
        }),
    };
    let channel = app.delivery.update_channel(&channel.scope, &channel.name, request).await?;
    Ok(UpdateChannelOutput { channel_description: Some(description(&channel)) })
}
