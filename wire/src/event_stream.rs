//! `application/vnd.amazon.eventstream`: the frames of an answer that goes on (SubscribeToShard).
//!
//! A frame is `total length, headers length, CRC32 of both, headers, payload, CRC32 of all before`, integers in big
//! endian; a header is `name length (u8), name, 7 (a text), value length (u16), value`. Nobody sends frames to us, so
//! there is no reader here.

use bytes::Bytes;

use crate::{Encode, json};

/// The media type of an answer made of frames.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";
/// Payloads are JSON 1.1 even for clients that write their requests in CBOR.
const PAYLOAD_TYPE: &str = "application/x-amz-json-1.1";

/// One thing to tell a subscriber.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An event of the model's union.
    Data {
        /// The member of the union, `SubscribeToShardEvent`.
        kind: &'static str,
        /// The event's JSON; SDKs accept 16 MiB.
        payload: Vec<u8>,
    },
    /// A modelled exception. Nothing may follow it.
    Exception {
        /// The exception's name.
        code: &'static str,
        /// What the caller reads.
        message: String,
    },
    /// An event whose frame was made before, to be sent to many.
    Framed(Bytes),
}

impl Event {
    /// The event `kind` with the value as its payload.
    pub fn data<T: Encode + ?Sized>(kind: &'static str, value: &T) -> Self {
        Self::Data { kind, payload: json::encode(value) }
    }

    /// The frame that carries the event.
    pub fn frame(&self) -> Bytes {
        match self {
            Self::Framed(frame) => frame.clone(),
            Self::Data { kind, payload } => frame("event", ":event-type", kind, payload).into(),
            Self::Exception { code, message } => {
                let payload = serde_json::json!({ "message": message }).to_string();
                frame("exception", ":exception-type", code, payload.as_bytes()).into()
            }
        }
    }
}

/// The frame that every stream begins with; botocore does not go on without it.
pub fn initial_response() -> Bytes {
    frame("event", ":event-type", "initial-response", b"{}").into()
}

/// Bytes of the two lengths and their checksum.
const PRELUDE_BYTES: usize = 12;
const CHECKSUM_BYTES: usize = 4;
const TEXT: u8 = 7;

fn frame(message_type: &str, type_name: &str, kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut headers = Vec::with_capacity(128);
    for (name, value) in [(":message-type", message_type), (type_name, kind), (":content-type", PAYLOAD_TYPE)] {
        // Both are constants of ours or names in the model, none of which is longer than sixty bytes.
        headers.push(name.len() as u8);
        headers.extend_from_slice(name.as_bytes());
        headers.push(TEXT);
        headers.extend_from_slice(&(value.len() as u16).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let total = PRELUDE_BYTES + headers.len() + payload.len() + CHECKSUM_BYTES;
    let mut out = Vec::with_capacity(total);
    out.extend_from_slice(&(total as u32).to_be_bytes());
    out.extend_from_slice(&(headers.len() as u32).to_be_bytes());
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(&headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

#[cfg(test)]
mod tests;
