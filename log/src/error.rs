//! The failures of a log.

use types::{Kind, Offset, PartitionId};

/// Why the log did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// The partition was closed; nothing can be appended after its end.
    #[error("partition {0:?} is closed")]
    Closed(PartitionId),
    /// No record was ever appended to the partition, or it was dropped.
    #[error("partition {0:?} does not exist")]
    NoPartition(PartitionId),
    /// The offset was trimmed away; `start` is the first one that is left.
    #[error("offset {offset:?} of partition {partition:?} is before its start {start:?}")]
    Trimmed {
        /// The partition read.
        partition: PartitionId,
        /// The offset asked for.
        offset: Offset,
        /// The first offset left.
        start: Offset,
    },
    /// Too much is waiting for the disk; retry later.
    #[error("the log's queue is full")]
    Overloaded,
    /// The disk has no room for another segment; reads and trims go on.
    #[error("no space left for the log")]
    NoSpace,
    /// The log stopped after a failed write or flush, or is shutting down; nothing more is acknowledged.
    #[error("the log is stopped: {0}")]
    Stopped(String),
    /// The operating system refused.
    #[error("{action} {path}: {message}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: String,
        /// What the system said.
        message: String,
    },
    /// Bytes that were known durable are damaged; `thalweg repair` moves them aside.
    #[error("{path} is damaged at byte {position}: {what}")]
    Corrupt {
        /// The file.
        path: String,
        /// Where in it.
        position: u64,
        /// What is wrong.
        what: String,
    },
    /// Replaying the commands did not lead to the state that a snapshot behind them holds: the server that wrote it
    /// had another state, so `apply` is not deterministic, or memory or the program is at fault.
    #[error("the commands before {offset} of the command log lead to another state than was stored there: {what}")]
    Diverged {
        /// Where the snapshot ends.
        offset: u64,
        /// The parts of the state that differ.
        what: String,
    },
}

impl LogError {
    /// What a caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Closed(_) | Self::NoPartition(_) => Kind::NotFound,
            Self::Trimmed { .. } => Kind::Expired,
            Self::Overloaded => Kind::Throttled,
            Self::NoSpace | Self::Stopped(_) => Kind::Unavailable,
            Self::Io { .. } | Self::Corrupt { .. } | Self::Diverged { .. } => Kind::Internal,
        }
    }
}
