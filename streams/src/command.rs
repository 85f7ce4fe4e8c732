//! The persisted commands of Data Streams (version 1). A command carries all that `apply` needs, so that replay needs
//! no clock and no randomness; its time and epoch are those of the log.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use types::{Command, Domain, Epoch, Scope, StreamName};

use crate::StreamMode;

/// One change of the catalog, stored as JSON: `{"create":{…}}`, `{"delete":{…}}`. Fields may be added with defaults;
/// a variant or field is never given another meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StreamCommand {
    /// Opens a stream with `shard_count` shards over the even split of the hash space.
    Create {
        /// Whose it will be.
        scope: Scope,
        /// Its name; refused when taken.
        name: StreamName,
        /// How capacity is decided.
        mode: StreamMode,
        /// Shards to open, at least one.
        shard_count: u32,
        /// How long records are kept.
        retention_hours: u32,
        /// Largest record in bytes.
        record_bytes_max: usize,
        /// Tags by key.
        tags: BTreeMap<String, String>,
    },
    /// Deletes one incarnation of a stream; refused when another one has the name now.
    Delete {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: StreamName,
        /// The incarnation.
        epoch: Epoch,
    },
}

impl StreamCommand {
    /// The form that the command log takes.
    pub(crate) fn into_command(self) -> Command {
        let body = serde_json::to_vec(&self).expect("a command holds only strings, numbers and string-keyed maps");
        Command { domain: Domain::Streams, body: Bytes::from(body) }
    }
}
