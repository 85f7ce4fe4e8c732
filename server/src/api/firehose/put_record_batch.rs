//! PutRecordBatch: one entry of the answer for each record, in order. A batch is taken whole or not at all; when the log
//! is too busy every entry says so, with HTTP 200 as on AWS, and the SDK's user tries these records again.

use types::Kind;
use wire::firehose::{PutRecordBatchInput, PutRecordBatchOutput, PutRecordBatchResponseEntry};

use super::{data, name};
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: PutRecordBatchInput,
) -> Result<PutRecordBatchOutput, ApiError> {
    let name = name(input.delivery_stream_name.as_deref())?;
    let records: Vec<_> = input.records.unwrap_or_default().into_iter().map(data).collect();
    let count = records.len();
    match app.delivery.put(&caller.scope, &name, records).await {
        Ok(ids) => Ok(output(0, ids.into_iter().map(|id| taken(id.into())).collect())),
        Err(error) if matches!(error.kind(), Kind::Throttled | Kind::Unavailable) => {
            Ok(output(count, vec![failed(&error.to_string()); count]))
        }
        Err(error) => Err(error.into()),
    }
}

fn output(failed: usize, entries: Vec<PutRecordBatchResponseEntry>) -> PutRecordBatchOutput {
    PutRecordBatchOutput {
        encrypted: Some(false),
        failed_put_count: i32::try_from(failed).ok(),
        request_responses: Some(entries),
    }
}

fn taken(id: String) -> PutRecordBatchResponseEntry {
    PutRecordBatchResponseEntry { record_id: Some(id), ..Default::default() }
}

fn failed(message: &str) -> PutRecordBatchResponseEntry {
    PutRecordBatchResponseEntry {
        error_code: Some("ServiceUnavailableException".into()),
        error_message: Some(message.into()),
        ..Default::default()
    }
}
