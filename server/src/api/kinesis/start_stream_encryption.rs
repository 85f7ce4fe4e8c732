//! StartStreamEncryption: new records are sealed under a master key; called again with another one, it rotates.

use wire::kinesis::StartStreamEncryptionInput;

use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: StartStreamEncryptionInput) -> Result<(), ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    check_type(input.encryption_type.as_deref())?;
    let key_id = input.key_id.unwrap_or_default();
    Ok(app.streams.start_encryption(&stream.scope, &stream.name, &key_id).await?)
}

/// The model also knows NONE, which neither start nor stop takes.
pub(super) fn check_type(encryption_type: Option<&str>) -> Result<(), ApiError> {
    match encryption_type {
        Some("KMS") => Ok(()),
        other => Err(ApiError::invalid_argument(format!(
            "EncryptionType must be KMS and not {}.",
            other.unwrap_or("missing")
        ))),
    }
}
