//! GetShardIterator: five ways to say where to start.

use types::ShardId;
use wire::kinesis::{GetShardIteratorInput, GetShardIteratorOutput};

use super::start_position::StartPosition;
use super::which_stream::find;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

pub(crate) async fn handle(
    app: &App,
    caller: &Caller,
    input: GetShardIteratorInput,
) -> Result<GetShardIteratorOutput, ApiError> {
    let stream = find(app, caller, input.stream_name.as_deref(), input.stream_arn.as_deref())?;
    let position = StartPosition {
        type_member: "ShardIteratorType",
        number_member: "StartingSequenceNumber",
        kind: input.shard_iterator_type.as_deref().unwrap_or_default(),
        number: input.starting_sequence_number.as_deref(),
        timestamp: input.timestamp,
    };
    let position = position.read(&stream)?;
    let shard = input.shard_id.as_deref().unwrap_or_default();
    let found = ShardId::parse(shard).filter(|id| stream.shard(*id).is_some()).ok_or_else(|| {
        let (name, account) = (&stream.name, &stream.scope.account);
        ApiError::not_found(format!("Shard {shard} in stream {name} under account {account} does not exist"))
    })?;
    let iterator = app.streams.shard_iterator(&stream.scope, &stream.name, found, position).await?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    Ok(GetShardIteratorOutput { shard_iterator: Some(iterator) })
}
