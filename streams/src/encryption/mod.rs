//! Encryption at rest: what a stream seals its records with.

use serde::{Deserialize, Serialize};

/// A stream's data key, wrapped by a master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// The master key, as the caller named it (model shape `KeyId`).
    pub key_id: String,
    /// The data key under the master key, in base64.
    pub wrapped: String,
}

/// The data keys of a stream: records keep the key that they were written with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamKeys {
    /// All keys, by the number that stands in a sealed record.
    pub(crate) all: Vec<WrappedKey>,
    /// Whether new records are sealed, with the last key.
    pub(crate) on: bool,
}

impl StreamKeys {
    /// The key that new records are sealed with, and its number; `None` when they are not sealed.
    pub fn current(&self) -> Option<(u32, &WrappedKey)> {
        let last = self.all.len().checked_sub(1).filter(|_| self.on)?;
        Some((u32::try_from(last).ok()?, &self.all[last]))
    }
}
