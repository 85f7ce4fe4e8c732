//! Five ways to say where reading starts; GetShardIterator and SubscribeToShard take the same.

use streams::{Position, Stream};
use types::{SequenceNumber, ShardId, Timestamp};

use crate::error::ApiError;

/// A type with its argument, as a request gives them.
pub(super) struct StartPosition<'a> {
    /// The operation, for messages.
    pub(super) operation: &'static str,
    /// What it calls the number.
    pub(super) number_member: &'static str,
    pub(super) kind: &'a str,
    pub(super) number: Option<&'a str>,
    pub(super) timestamp: Option<wire::Timestamp>,
}

impl StartPosition<'_> {
    /// The position; a type without its argument, or with another one's sequence number, is refused.
    pub(super) fn read(&self, stream: &Stream, shard: ShardId) -> Result<Position, ApiError> {
        let kind = self.kind;
        match kind {
            "AT_SEQUENCE_NUMBER" => Ok(Position::AtSequenceNumber(self.sequence_number(stream, shard)?)),
            "AFTER_SEQUENCE_NUMBER" => Ok(Position::AfterSequenceNumber(self.sequence_number(stream, shard)?)),
            _ if self.number.is_some() => Err(self.mismatch("also a")),
            "TRIM_HORIZON" => Ok(Position::TrimHorizon),
            "LATEST" => Ok(Position::Latest),
            // AT_TIMESTAMP: the model lets nothing else through.
            _ => match self.timestamp {
                Some(wire::Timestamp(millis)) => {
                    Ok(Position::AtTimestamp(Timestamp(u64::try_from(millis).unwrap_or(0))))
                }
                None => Err(ApiError::invalid_argument(format!(
                    "Must specify timestampInMillis parameter for iterator of type {kind}. Current request has no \
                     timestamp parameter."
                ))),
            },
        }
    }

    fn sequence_number(&self, stream: &Stream, shard: ShardId) -> Result<SequenceNumber, ApiError> {
        let text = self.number.ok_or_else(|| self.mismatch("no"))?;
        SequenceNumber::parse(text).ok_or_else(|| {
            let (name, account) = (&stream.name, &stream.scope.account);
            ApiError::invalid_argument(format!(
                "{} {text} used in {} on shard {shard} in stream {name} under account {account} is invalid.",
                self.number_member, self.operation
            ))
        })
    }

    /// The sentence on which types go with a sequence number and which do not; `has` is `no` or `also a`.
    fn mismatch(&self, has: &str) -> ApiError {
        let (kind, member) = (self.kind, self.number_member);
        ApiError::invalid_argument(format!(
            "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and {member} or (2) TRIM_HORIZON or \
             LATEST and no {member}. Request specified {kind} and {has} {member}."
        ))
    }
}
