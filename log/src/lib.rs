//! The durable partitioned log and the command log on top of it.
//!
//! Owns: bytes on disk, their order, their durability, their recovery. Refuses: shards, streams, HTTP; a partition is
//! a number and a record is a time, a key and a value.
//!
//! [`Log`] is the interface that every engine implements; `embedded/` is the engine of one machine, [`MemoryLog`] the
//! model that the conformance suite compares engines with. Read [`Log`] first, then `embedded/mod.rs`.

mod command_log;
mod conformance;
pub mod embedded;
mod error;
mod interface;
mod lane;
mod memory;
pub mod vfs;

pub use command_log::{CommandLog, CommandLogConfig, StateHash};
pub use conformance::conformance;
pub use error::LogError;
pub use interface::{Appended, Bounds, Log, NewRecord, Page, PartitionAppend, Pending, Space, StoredRecord};
pub use lane::Lane;
pub use memory::MemoryLog;

/// The partition of the command log; every other partition id is handed out by a command.
pub const COMMAND_PARTITION: types::PartitionId = types::PartitionId(0);
