//! DeleteStream.

use wire::kinesis::DeleteStreamInput;

use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: DeleteStreamInput) -> Result<(), ApiError> {
    let which = WhichStream::of(caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    Ok(app.streams.delete_stream(&which.scope, &which.name).await?)
}
