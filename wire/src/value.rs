//! The two values that JSON has no form of its own for.

use bytes::Bytes;

/// Raw bytes; base64 in JSON.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blob(pub Bytes);

/// Milliseconds since 1970; in JSON, seconds with a fraction.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// Payloads do not belong in logs, so only the size is shown.
impl std::fmt::Debug for Blob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Blob({} bytes)", self.0.len())
    }
}

impl From<Vec<u8>> for Blob {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}
