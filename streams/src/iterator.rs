//! Shard iterators: opaque, authenticated, five minutes old at most, good for any number of reads until then.
//!
//! The token is base64 of 44 bytes: version (1), shard index (u32, big-endian like all that follow), stream epoch (u64),
//! next offset (u64), issue time in milliseconds (u64), and 15 bytes of HMAC-SHA-256 over the 29 before it. The epoch
//! makes an iterator of a deleted stream useless for a new one of the same name.

use std::sync::Arc;

use aws_lc_rs::hmac;
use types::{Epoch, Offset, Scope, SequenceNumber, ShardId, StreamName, Timestamp, limits};

use crate::{Shard, Stream, Streams, StreamsError};

const VERSION: u8 = 1;
const BODY: usize = 29;
const TOKEN: usize = 44;
/// How far ahead of ours a client's clock may be in AT_TIMESTAMP.
const FUTURE_MS_MAX: u64 = 1000;

/// Where an iterator starts (model shape `ShardIteratorType` with its argument).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// The record with that number, or the next one.
    AtSequenceNumber(SequenceNumber),
    /// The record after that number.
    AfterSequenceNumber(SequenceNumber),
    /// The oldest retained record.
    TrimHorizon,
    /// After the newest record at the time of the call.
    Latest,
    /// The first record that arrived then or later.
    AtTimestamp(Timestamp),
}

/// What an iterator says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) stream: Epoch,
    pub(crate) shard: ShardId,
    pub(crate) next: Offset,
    pub(crate) issued: Timestamp,
}

impl Streams {
    /// The stream and shard that an iterator reads, whether or not it is too old; `None` if it was not issued here or
    /// they are no more.
    pub fn iterated(&self, iterator: &str) -> Option<(Arc<Stream>, ShardId)> {
        let token = unseal(&self.parts.token_secret, iterator)?;
        let stream = self.parts.catalog.current().by_epoch(token.stream).cloned()?;
        Some((stream, token.shard))
    }

    /// A new iterator for a shard.
    pub async fn shard_iterator(
        &self,
        scope: &Scope,
        name: &StreamName,
        shard: ShardId,
        position: Position,
    ) -> Result<String, StreamsError> {
        let stream = self.serving(scope, name)?;
        let found = stream.shard(shard).ok_or_else(|| {
            StreamsError::NotFound(format!(
                "Shard {shard} in stream {name} under account {} does not exist",
                scope.account
            ))
        })?;
        if !self.throttles.shards.iterator(found.partition, self.parts.clock.now()) {
            return Err(stream.over_rate(shard));
        }
        let next = self.resolve(&stream, found, position).await?;
        Ok(self.issue(stream.epoch, shard, next))
    }

    /// The offset that a position means now.
    pub(crate) async fn resolve(
        &self,
        stream: &Stream,
        shard: &Shard,
        position: Position,
    ) -> Result<Offset, StreamsError> {
        let bounds = self.bounds(shard.partition);
        match position {
            Position::TrimHorizon => Ok(bounds.start),
            Position::Latest => Ok(bounds.end),
            Position::AtSequenceNumber(number) => self.at_number(stream, shard, number, number.at_offset()),
            Position::AfterSequenceNumber(number) => self.at_number(stream, shard, number, number.after_offset()),
            Position::AtTimestamp(time) => {
                let now = self.parts.clock.now();
                if time.0 > now.0 + FUTURE_MS_MAX {
                    return Err(StreamsError::Invalid(format!(
                        "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. \
                         timestampInMillis: {}, currentTimestampInMillis: {}",
                        time.0, now.0
                    )));
                }
                self.offset_at_time(shard.partition, time).await
            }
        }
    }

    fn at_number(
        &self,
        stream: &Stream,
        shard: &Shard,
        number: SequenceNumber,
        offset: Offset,
    ) -> Result<Offset, StreamsError> {
        let refuse = |why: &str| {
            Err(StreamsError::Invalid(format!(
                "StartingSequenceNumber {number} used in GetShardIterator on shard {} in stream {} under account {} is \
                 invalid because {why}.",
                shard.id, stream.name, stream.scope.account
            )))
        };
        if number.epoch() != shard.epoch {
            return refuse("it did not come from this stream");
        }
        let bounds = self.bounds(shard.partition);
        if shard.ending_sequence_number().is_some_and(|end| number >= end) {
            return refuse("it has reached the maximum for the shard");
        }
        if offset > bounds.end {
            return refuse("it is past the newest record of the shard");
        }
        Ok(offset.max(bounds.start))
    }

    /// A token for a position, issued now.
    pub(crate) fn issue(&self, stream: Epoch, shard: ShardId, next: Offset) -> String {
        let token = Token { stream, shard, next, issued: self.parts.clock.now() };
        base64_simd::STANDARD.encode_to_string(seal(&self.parts.token_secret, token))
    }

    /// Reads a token back; refuses what this server did not issue, and what is too old.
    pub(crate) fn open_iterator(&self, text: &str) -> Result<Token, StreamsError> {
        let token = unseal(&self.parts.token_secret, text)
            .ok_or_else(|| StreamsError::Invalid("Invalid ShardIterator.".into()))?;
        let now = self.parts.clock.now();
        if now.since(token.issued) > limits::ITERATOR_LIFETIME {
            return Err(StreamsError::ExpiredIterator(format!(
                "Iterator expired. The iterator was created at time {} while right now it is {} which is further in the \
                 future than the tolerated delay of {} milliseconds.",
                token.issued.0,
                now.0,
                limits::ITERATOR_LIFETIME.as_millis()
            )));
        }
        Ok(token)
    }
}

fn sign(secret: &[u8; 32], body: &[u8]) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), body)
}

fn seal(secret: &[u8; 32], token: Token) -> [u8; TOKEN] {
    let mut bytes = [0; TOKEN];
    bytes[0] = VERSION;
    bytes[1..5].copy_from_slice(&token.shard.0.to_be_bytes());
    bytes[5..13].copy_from_slice(&token.stream.0.to_be_bytes());
    bytes[13..21].copy_from_slice(&token.next.0.to_be_bytes());
    bytes[21..BODY].copy_from_slice(&token.issued.0.to_be_bytes());
    let tag = sign(secret, &bytes[..BODY]);
    bytes[BODY..].copy_from_slice(&tag.as_ref()[..TOKEN - BODY]);
    bytes
}

fn unseal(secret: &[u8; 32], text: &str) -> Option<Token> {
    let decoded = base64_simd::STANDARD.decode_to_vec(text).ok()?;
    let bytes: &[u8; TOKEN] = decoded.as_slice().try_into().ok()?;
    let tag = sign(secret, &bytes[..BODY]);
    aws_lc_rs::constant_time::verify_slices_are_equal(&tag.as_ref()[..TOKEN - BODY], &bytes[BODY..]).ok()?;
    let number = |at: usize| Some(u64::from_be_bytes(bytes[at..at + 8].try_into().ok()?));
    let shard = u32::from_be_bytes(bytes[1..5].try_into().ok()?);
    let token = Token {
        stream: Epoch(number(5)?),
        shard: ShardId(shard),
        next: Offset(number(13)?),
        issued: Timestamp(number(21)?),
    };
    (bytes[0] == VERSION).then_some(token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECRET: [u8; 32] = [7; 32];

    proptest! {
        #[test]
        fn tokens_round_trip_and_no_bit_can_be_changed(shard: u32, stream: u64, next: u64, issued: u64, bit in 0..TOKEN * 8) {
            let token = Token { stream: Epoch(stream), shard: ShardId(shard), next: Offset(next), issued: Timestamp(issued) };
            let mut sealed = seal(&SECRET, token);
            let text = base64_simd::STANDARD.encode_to_string(sealed);
            prop_assert_eq!(unseal(&SECRET, &text), Some(token));
            prop_assert_eq!(unseal(&[8; 32], &text), None);
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(unseal(&SECRET, &base64_simd::STANDARD.encode_to_string(sealed)), None);
        }

        #[test]
        fn any_text_is_refused_not_a_panic(text in ".{0,80}") {
            prop_assert_eq!(unseal(&SECRET, &text), None);
        }
    }
}
