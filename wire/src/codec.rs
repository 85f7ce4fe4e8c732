//! The protocols by name: which media type is which, and one way in and out for all of them.
//!
//! Owns: the choice of a format. Refuses: the formats themselves (`json`, `cbor`, `query`, read them next) and which
//! service speaks which protocol.

use crate::cbor::{self, Times};
use crate::{Decode, Encode, json, query};

/// A protocol that a request can be written in. Answers and errors go back in the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// AWS JSON 1.1: the Kinesis family.
    Json11,
    /// AWS JSON 1.0: DynamoDB, CloudWatch.
    Json10,
    /// JSON 1.1 in CBOR with times in milliseconds: what the SDKs for Java speak to Kinesis.
    LegacyCbor,
    /// Smithy RPC v2 CBOR: CloudWatch's first choice.
    RpcCbor,
    /// AWS query: a form comes in, XML goes out. CloudWatch of older SDKs, STS.
    Query,
}

/// A body that is not what it should be (AWS: SerializationException).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the format at all, or nested too deeply.
    #[error("the request body is malformed: {0}")]
    Malformed(String),
    /// Values of other types than the shape has, in AWS's words.
    #[error("{0}")]
    WrongType(String),
}

impl Codec {
    const ALL: [Self; 5] = [Self::Json11, Self::Json10, Self::LegacyCbor, Self::RpcCbor, Self::Query];

    /// Reads a `Content-Type`; parameters such as a charset are ignored.
    pub fn of_content_type(value: &str) -> Option<Self> {
        let media_type = value.split(';').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|codec| codec.request_type().eq_ignore_ascii_case(media_type))
    }

    fn request_type(self) -> &'static str {
        match self {
            Self::Query => "application/x-www-form-urlencoded",
            other => other.content_type(),
        }
    }

    /// The `Content-Type` of answers.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json11 => "application/x-amz-json-1.1",
            Self::Json10 => "application/x-amz-json-1.0",
            Self::LegacyCbor => "application/x-amz-cbor-1.1",
            Self::RpcCbor => "application/cbor",
            Self::Query => "text/xml",
        }
    }

    /// Reads the input of an operation. Unknown members are ignored; constraints are the business of
    /// [`crate::validate()`].
    pub fn decode<T: Decode>(self, body: &[u8]) -> Result<T, DecodeError> {
        match self {
            Self::Json11 | Self::Json10 => json::decode(body),
            Self::LegacyCbor => cbor::decode(body, Times::Millis),
            Self::RpcCbor => cbor::decode(body, Times::Seconds),
            Self::Query => query::decode(body),
        }
    }

    /// Writes the output of an operation; empty for an operation without one. For [`Self::Query`] it is what goes into
    /// [`query::answer`].
    pub fn encode<T: Encode + ?Sized>(self, value: &T) -> Vec<u8> {
        match self {
            Self::LegacyCbor => cbor::encode(value, Times::Millis),
            Self::RpcCbor => cbor::encode(value, Times::Seconds),
            Self::Json11 | Self::Json10 => json::encode(value),
            Self::Query => query::encode(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_name_codecs() {
        let of = Codec::of_content_type;
        assert_eq!(of("Application/X-Amz-Json-1.1; charset=utf-8"), Some(Codec::Json11));
        assert_eq!(of("application/x-www-form-urlencoded"), Some(Codec::Query));
        assert_eq!(of("text/xml"), None);
        assert_eq!(of(""), None);
    }
}
