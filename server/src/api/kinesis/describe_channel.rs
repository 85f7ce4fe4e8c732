//! DescribeChannel.

use wire::kinesis::{DescribeChannelInput, DescribeChannelOutput};

use super::channel_shapes::description;
use super::which_channel::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DescribeChannelInput,
) -> Result<DescribeChannelOutput, ApiError> {
    let channel = find(app, caller, input.channel_arn.as_deref())?;
    Ok(DescribeChannelOutput { channel_description: Some(description(&channel)) })
}
