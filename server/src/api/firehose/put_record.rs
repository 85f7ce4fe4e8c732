//! PutRecord.

use wire::firehose::{PutRecordInput, PutRecordOutput};

use super::{data, name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(app: &App, caller: &Caller, input: PutRecordInput) -> Result<PutRecordOutput, ApiError> {
    let name = name(input.delivery_stream_name.as_deref())?;
    let records = vec![data(input.record.unwrap_or_default())];
    let ids = app.delivery.put(&caller.scope, &name, records).await?;
    Ok(PutRecordOutput { encrypted: Some(false), record_id: ids.into_iter().next().map(String::from) })
}
