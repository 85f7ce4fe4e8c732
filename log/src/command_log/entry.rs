//! What stands in partition 0 (`docs/log-format.md`, "The command log"). A record's key says its kind; commands and the
//! ends of snapshots are JSON, so that `strings` is a debugger.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{CommandId, Domain};

use crate::{LogError, NewRecord, StoredRecord};

/// The key of a piece, followed by its number.
const PIECE: &str = "piece ";
/// The key of the end of a snapshot.
const SNAPSHOT: &str = "snapshot";
/// The version of [`SnapshotEnd`] that is written.
const SNAPSHOT_VERSION: u32 = 1;

/// A record of the command log. A kind or field is never given another meaning; new fields have a default.
#[derive(Debug)]
pub(super) enum Entry<'r> {
    /// A change. The key is empty.
    Command(CommandEntry<'r>),
    /// A part of the bytes of a snapshot. The key is `piece N`, counted from 0, the value is bytes. The pieces of one
    /// snapshot stand one behind the other, with nothing between them.
    Piece(u32, Bytes),
    /// Makes the pieces before it a snapshot: it replaces every command before them. The key is `snapshot`. Pieces
    /// without it are left from a crash and mean nothing.
    SnapshotEnd(SnapshotEnd),
}

/// The value of a command.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct CommandEntry<'r> {
    /// Whose state it changes.
    pub(super) domain: Domain,
    /// Told apart by; commands of the first version have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<CommandId>,
    /// The domain's own enum.
    #[serde(borrow)]
    pub(super) body: &'r RawValue,
}

/// The value of the end of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SnapshotEnd {
    /// 1; another one is refused.
    pub(super) version: u32,
    /// Commands applied since the beginning of the log, refused ones and repeated ones included.
    pub(super) commands: u64,
    /// The pieces are these parts, one behind the other.
    pub(super) parts: Vec<PartEnd>,
    /// How many pieces belong to it.
    pub(super) pieces: u32,
    /// The state hash, see [`super::StateHash`].
    pub(super) sha256: String,
}

/// A part of the state in a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PartEnd {
    /// A domain, or `recent` for the ids of recent commands.
    pub(super) name: String,
    /// Its length.
    pub(super) bytes: u64,
    /// The SHA-256 of its bytes in hexadecimal digits.
    pub(super) sha256: String,
}

impl<'r> Entry<'r> {
    /// Reads a record.
    pub(super) fn read(record: &'r StoredRecord) -> Result<Self, LogError> {
        let unknown = |what: String| corrupt(record.offset.0, what);
        if record.key.is_empty() {
            let command = serde_json::from_slice(&record.value);
            return command
                .map(Self::Command)
                .map_err(|error| unknown(format!("a command that this version cannot read: {error}")));
        }
        let key = std::str::from_utf8(&record.key).unwrap_or_default();
        if let Some(number) = key.strip_prefix(PIECE).and_then(|number| number.parse().ok()) {
            return Ok(Self::Piece(number, record.value.clone()));
        }
        if key != SNAPSHOT {
            return Err(unknown(format!("a kind of record that this version does not know: {key:?}")));
        }
        let end: SnapshotEnd = serde_json::from_slice(&record.value)
            .map_err(|error| unknown(format!("a snapshot that this version cannot read: {error}")))?;
        if end.version != SNAPSHOT_VERSION {
            return Err(unknown(format!("a snapshot of version {} that this version cannot read", end.version)));
        }
        Ok(Self::SnapshotEnd(end))
    }
}

impl CommandEntry<'_> {
    /// The record that says so.
    pub(super) fn to_record(&self) -> NewRecord {
        let value = serde_json::to_vec(self).expect("a command holds only strings and JSON that was read");
        NewRecord { key: Bytes::new(), value: Bytes::from(value) }
    }
}

impl SnapshotEnd {
    /// Of the version that is written.
    pub(super) fn new(commands: u64, parts: Vec<PartEnd>, pieces: u32, sha256: String) -> Self {
        Self { version: SNAPSHOT_VERSION, commands, parts, pieces, sha256 }
    }

    /// The record that says so.
    pub(super) fn to_record(&self) -> NewRecord {
        let value = serde_json::to_vec(self).expect("the end of a snapshot holds only strings and numbers");
        NewRecord { key: Bytes::from_static(SNAPSHOT.as_bytes()), value: Bytes::from(value) }
    }
}

/// The record of a piece.
pub(super) fn piece_record(number: u32, bytes: Bytes) -> NewRecord {
    NewRecord { key: Bytes::from(format!("{PIECE}{number}")), value: bytes }
}

/// The command log cannot be read at `offset`.
pub(super) fn corrupt(offset: u64, what: String) -> LogError {
    LogError::Corrupt { path: "command log".into(), position: offset, what }
}
