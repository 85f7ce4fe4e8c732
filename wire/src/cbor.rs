//! CBOR in the two dialects of AWS: the legacy one, which the SDKs for Java speak to Kinesis, and that of Smithy RPC v2.
//! They differ in how a time is written; everything else is RFC 8949.
//!
//! Read `read.rs` for what is accepted, `write.rs` for what is sent.

mod read;
mod write;

use crate::{Decode, DecodeError, Encode};

/// What the number of a time counts since 1970. It stands under tag 1 in both dialects; without the tag it is taken
/// for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// Whole milliseconds: the legacy dialect, against the RFC.
    Millis,
    /// Seconds, whole or with a fraction: RPC v2.
    Seconds,
}

/// Reads a shape. Unknown members are ignored; constraints are not checked here.
pub(crate) fn decode<T: Decode>(body: &[u8], times: Times) -> Result<T, DecodeError> {
    let mut input = read::Reader::new(body, times);
    let value = T::decode(&mut input)?;
    input.end()?;
    value.ok_or_else(|| DecodeError::WrongType("Unexpected null".into()))
}

/// Writes a shape; nothing for `()`.
pub(crate) fn encode<T: Encode + ?Sized>(value: &T, times: Times) -> Vec<u8> {
    write::written(times, |out| value.encode(out))
}

/// A map from texts to texts, as errors are.
pub(crate) fn texts(entries: &[(&str, &str)]) -> Vec<u8> {
    write::written(Times::Seconds, |out| {
        out.begin_map();
        for (key, value) in entries {
            out.key(key);
            out.string(value);
        }
        out.end_map();
    })
}

/// The kinds of items, the upper three bits of their first byte.
pub(crate) mod major {
    pub(crate) const UNSIGNED: u8 = 0;
    pub(crate) const NEGATIVE: u8 = 1;
    pub(crate) const BYTES: u8 = 2;
    pub(crate) const TEXT: u8 = 3;
    pub(crate) const ARRAY: u8 = 4;
    pub(crate) const MAP: u8 = 5;
    pub(crate) const TAG: u8 = 6;
    pub(crate) const SIMPLE: u8 = 7;
}

/// The lower five bits that stand for an unknown length.
pub(crate) const INDEFINITE: u8 = 31;
/// Ends an item of unknown length.
pub(crate) const BREAK: u8 = 0xff;

#[cfg(test)]
mod tests;
