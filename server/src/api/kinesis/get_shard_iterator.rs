//! GetShardIterator: five ways to say where to start.

use wire::error_code;
use wire::kinesis::{GetShardIteratorInput, GetShardIteratorOutput};

use super::start_position::StartPosition;
use super::which_stream::WhichStream;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: GetShardIteratorInput,
) -> Result<GetShardIteratorOutput, ApiError> {
    let which = WhichStream::of(caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let shard = which.shard_id(input.shard_id.as_deref())?;
    // AWS says so of the shard whether it is the shard or the stream that is not there.
    let no_such_shard = || {
        let (name, account) = (&which.name, &which.scope.account);
        ApiError::not_found(format!("Shard {shard} in stream {name} under account {account} does not exist"))
    };
    let stream = which.find_counted(app, caller).map_err(|error| match error.code {
        error_code::RESOURCE_NOT_FOUND => no_such_shard(),
        _ => error,
    })?;
    if !stream.serves() || stream.shard(shard).is_none() {
        return Err(no_such_shard());
    }
    let position = StartPosition {
        operation: "GetShardIterator",
        number_member: "StartingSequenceNumber",
        kind: input.shard_iterator_type.as_deref().unwrap_or_default(),
        number: input.starting_sequence_number.as_deref(),
        timestamp: input.timestamp,
    };
    let position = position.read(&stream, shard)?;
    let iterator = app.streams.shard_iterator(&stream.scope, &stream.name, shard, position).await?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    Ok(GetShardIteratorOutput { shard_iterator: Some(iterator) })
}
