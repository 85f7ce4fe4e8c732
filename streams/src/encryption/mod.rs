//! Encryption at rest: what a stream seals its records with.
//!
//! Each start or rotation makes a random data key, which a master key wraps; the catalog keeps the wrapped key and records
//! are sealed with the data key. Owns: the form of a sealed record (`sealed.rs`), nonces, unwrapped keys and for how long
//! (`keyring.rs`), the switch (`switch.rs`). Refuses: where master keys come from, which is [`MasterKeys`]. A stream
//! without encryption pays one look at its own state for each batch and one byte for each record read.

mod keyring;
mod master;
mod sealed;
mod switch;

use serde::{Deserialize, Serialize};

pub(crate) use keyring::{Keyring, Opener, Sealer};
pub use master::{KeyId, MasterKey, MasterKeyError, MasterKeys, NoMasterKeys};
pub(crate) use sealed::is_sealed;

/// A stream's data key, wrapped by a master key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrappedKey {
    /// The master key, as the caller named it (model shape `KeyId`).
    pub key_id: String,
    /// The data key under the master key, in base64.
    pub wrapped: String,
}

/// Data keys that a stream may have had: 25 rotations a day (AWS's quota) over the longest retention are fewer.
pub(crate) const KEYS_PER_STREAM_MAX: usize = 10_000;

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

    /// The key of that number.
    pub(crate) fn numbered(&self, number: u32) -> Option<&WrappedKey> {
        self.all.get(usize::try_from(number).ok()?)
    }
}
