//! UpdateMaxRecordSize: how large a record may be.

use wire::kinesis::UpdateMaxRecordSizeInput;

use super::which_stream::find;

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: UpdateMaxRecordSizeInput) -> Result<(), ApiError> {
    let stream = find(app, caller, None, input.stream_arn.as_deref())?;
    // The model keeps it between 1,024 and 10,240.
    let kib = input.max_record_size_in_kib.and_then(|kib| u32::try_from(kib).ok()).unwrap_or(1024);
    Ok(app.streams.set_record_kib_max(&stream.scope, &stream.name, kib).await?)
}
