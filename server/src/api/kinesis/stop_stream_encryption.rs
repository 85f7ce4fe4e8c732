//! StopStreamEncryption: new records are not sealed any more. A stream that is not encrypted stays so without an error,
//! and the KeyId, which the model requires, is not compared with the stream's.

use wire::kinesis::StopStreamEncryptionInput;

use super::start_stream_encryption::check_type;
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: StopStreamEncryptionInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    check_type(input.encryption_type.as_deref())?;
    Ok(app.streams.stop_encryption(&stream.scope, &stream.name).await?)
}
