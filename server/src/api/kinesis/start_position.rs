//! Five ways to say where reading starts; GetShardIterator and SubscribeToShard take the same.

use streams::{Position, Stream};
use types::{SequenceNumber, Timestamp};

use crate::error::ApiError;

/// A type with its argument, as a request gives them.
pub(super) struct StartPosition<'a> {
    /// What the operation calls the type, for messages.
    pub(super) type_member: &'static str,
    /// What it calls the number.
    pub(super) number_member: &'static str,
    pub(super) kind: &'a str,
    pub(super) number: Option<&'a str>,
    pub(super) timestamp: Option<wire::Timestamp>,
}

impl StartPosition<'_> {
    /// The position; a type without its argument, or with another one's sequence number, is refused.
    pub(super) fn read(&self, stream: &Stream) -> Result<Position, ApiError> {
        let Self { type_member, number_member, kind, .. } = self;
        match *kind {
            "AT_SEQUENCE_NUMBER" => Ok(Position::AtSequenceNumber(self.sequence_number(stream)?)),
            "AFTER_SEQUENCE_NUMBER" => Ok(Position::AfterSequenceNumber(self.sequence_number(stream)?)),
            _ if self.number.is_some() => {
                let message = format!("{number_member} cannot be given with {type_member} {kind}.");
                Err(ApiError::invalid_argument(message))
            }
            "TRIM_HORIZON" => Ok(Position::TrimHorizon),
            "LATEST" => Ok(Position::Latest),
            // AT_TIMESTAMP: the model lets nothing else through.
            _ => match self.timestamp {
                Some(wire::Timestamp(millis)) => {
                    Ok(Position::AtTimestamp(Timestamp(u64::try_from(millis).unwrap_or(0))))
                }
                None => Err(ApiError::invalid_argument(format!("Timestamp must be given with {type_member} {kind}."))),
            },
        }
    }

    fn sequence_number(&self, stream: &Stream) -> Result<SequenceNumber, ApiError> {
        let Self { type_member, number_member, kind, .. } = self;
        let Some(text) = self.number else {
            let message = format!("{number_member} must be given with {type_member} {kind}.");
            return Err(ApiError::invalid_argument(message));
        };
        SequenceNumber::parse(text).ok_or_else(|| {
            ApiError::invalid_argument(format!(
                "{number_member} {text} used in GetShardIterator on stream {} under account {} is invalid.",
                stream.name, stream.scope.account
            ))
        })
    }
}
