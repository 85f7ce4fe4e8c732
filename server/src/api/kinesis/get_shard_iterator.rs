//! GetShardIterator: five ways to say where to start.

use streams::{Position, Stream};
use types::{SequenceNumber, ShardId, Timestamp};
use wire::kinesis::{GetShardIteratorInput, GetShardIteratorOutput};

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
    let position = position(&stream, &input)?;
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

/// The type with its argument; a type without its own, or with another one's sequence number, is refused.
fn position(stream: &Stream, input: &GetShardIteratorInput) -> Result<Position, ApiError> {
    let kind = input.shard_iterator_type.as_deref().unwrap_or_default();
    let number = input.starting_sequence_number.as_deref();
    match kind {
        "AT_SEQUENCE_NUMBER" => Ok(Position::AtSequenceNumber(sequence_number(stream, kind, number)?)),
        "AFTER_SEQUENCE_NUMBER" => Ok(Position::AfterSequenceNumber(sequence_number(stream, kind, number)?)),
        _ if number.is_some() => Err(ApiError::invalid_argument(format!(
            "StartingSequenceNumber cannot be given with ShardIteratorType {kind}."
        ))),
        "TRIM_HORIZON" => Ok(Position::TrimHorizon),
        "LATEST" => Ok(Position::Latest),
        // AT_TIMESTAMP: the model lets nothing else through.
        _ => match input.timestamp {
            Some(wire::Timestamp(millis)) => Ok(Position::AtTimestamp(Timestamp(u64::try_from(millis).unwrap_or(0)))),
            None => Err(ApiError::invalid_argument(format!("Timestamp must be given with ShardIteratorType {kind}."))),
        },
    }
}

fn sequence_number(stream: &Stream, kind: &str, text: Option<&str>) -> Result<SequenceNumber, ApiError> {
    let Some(text) = text else {
        let message = format!("StartingSequenceNumber must be given with ShardIteratorType {kind}.");
        return Err(ApiError::invalid_argument(message));
    };
    SequenceNumber::parse(text).ok_or_else(|| {
        ApiError::invalid_argument(format!(
            "StartingSequenceNumber {text} used in GetShardIterator on stream {} under account {} is invalid.",
            stream.name, stream.scope.account
        ))
    })
}
