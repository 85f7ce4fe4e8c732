//! GetShardIterator: five ways to say where to start.

use streams::{Position, Stream};
use types::{SequenceNumber, ShardId, Timestamp};
use wire::error_code;
use wire::kinesis::{GetShardIteratorInput, GetShardIteratorOutput};

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
    let position = position(&stream, shard, &input)?;
    let iterator = app.streams.shard_iterator(&stream.scope, &stream.name, shard, position).await?;
    if input.dry_run == Some(true) {
        return Err(ApiError::dry_run());
    }
    Ok(GetShardIteratorOutput { shard_iterator: Some(iterator) })
}

/// The type with its argument; a type without its own, or with another one's sequence number, is refused.
fn position(stream: &Stream, shard: ShardId, input: &GetShardIteratorInput) -> Result<Position, ApiError> {
    let kind = input.shard_iterator_type.as_deref().unwrap_or_default();
    let number = input.starting_sequence_number.as_deref();
    match kind {
        "AT_SEQUENCE_NUMBER" => Ok(Position::AtSequenceNumber(sequence_number(stream, shard, kind, number)?)),
        "AFTER_SEQUENCE_NUMBER" => Ok(Position::AfterSequenceNumber(sequence_number(stream, shard, kind, number)?)),
        _ if number.is_some() => Err(mismatch(kind, "also a")),
        "TRIM_HORIZON" => Ok(Position::TrimHorizon),
        "LATEST" => Ok(Position::Latest),
        // AT_TIMESTAMP: the model lets nothing else through.
        _ => match input.timestamp {
            Some(wire::Timestamp(millis)) => Ok(Position::AtTimestamp(Timestamp(u64::try_from(millis).unwrap_or(0)))),
            None => Err(ApiError::invalid_argument(format!(
                "Must specify timestampInMillis parameter for iterator of type {kind}. Current request has no timestamp \
                 parameter."
            ))),
        },
    }
}

fn sequence_number(
    stream: &Stream,
    shard: ShardId,
    kind: &str,
    text: Option<&str>,
) -> Result<SequenceNumber, ApiError> {
    let text = text.ok_or_else(|| mismatch(kind, "no"))?;
    SequenceNumber::parse(text).ok_or_else(|| {
        let (name, account) = (&stream.name, &stream.scope.account);
        ApiError::invalid_argument(format!(
            "StartingSequenceNumber {text} used in GetShardIterator on shard {shard} in stream {name} under account \
             {account} is invalid."
        ))
    })
}

/// The sentence on which types go with a sequence number and which do not; `has` is `no` or `also a`.
fn mismatch(kind: &str, has: &str) -> ApiError {
    ApiError::invalid_argument(format!(
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or (2) \
         TRIM_HORIZON or LATEST and no StartingSequenceNumber. Request specified {kind} and {has} StartingSequenceNumber."
    ))
}
