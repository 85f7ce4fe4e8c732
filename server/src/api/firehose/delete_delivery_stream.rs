//! DeleteDeliveryStream. `AllowForceDelete` is for KMS grants, which there are none of.

use wire::firehose::DeleteDeliveryStreamInput;

use super::name;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: DeleteDeliveryStreamInput,
) -> Result<wire::firehose::DeleteDeliveryStreamOutput, ApiError> {
    let name = name(input.delivery_stream_name.as_deref())?;
    app.delivery.delete(&caller.scope, &name).await?;
    Ok(wire::firehose::DeleteDeliveryStreamOutput::default())
}
