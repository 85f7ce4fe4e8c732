//! A record as a consumer sees it.

use bytes::Bytes;

use crate::{SequenceNumber, Timestamp};

/// One record of a stream, with the position and time that the server gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its position; strictly increasing in a shard.
    pub sequence_number: SequenceNumber,
    /// When the server accepted it; never decreasing in a shard.
    pub arrival: Timestamp,
    /// The key that chose the shard.
    pub partition_key: String,
    /// The payload, 0 bytes to the stream's maximum record size.
    pub data: Bytes,
    /// Whether the log holds it sealed.
    pub encrypted: bool,
}
