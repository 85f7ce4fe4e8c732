//! The rules of Data Streams: hash routing, put, iterators, get, retention; and, for the consumers in this process
//! (Firehose, SQL, Lambda), cursors, buffers, checkpoints and the aggregates of the KPL over the same log.
//!
//! Owns: what a stream, a shard and an iterator mean. Refuses: HTTP, AWS shapes, SQL, destinations.
//! Read [`Catalog`] for the state, [`Streams`] for the operations, [`ShardCursor`] for consuming in process.

pub mod aggregation;
mod catalog;
mod checkpoint;
mod command;
mod cursor;
mod error;
mod get;
mod iterator;
mod list;
mod put;
mod retention;
mod service;
mod stream;
mod tags;

pub use catalog::Catalog;
pub use checkpoint::Commit;
pub use cursor::{CursorPage, HeldPage, PageBudget, ShardCursor, Start};
pub use error::StreamsError;
pub use get::GetPage;
pub use iterator::Position;
pub use list::{ShardFilter, StreamPage};
pub use put::{Placed, PutEntry, PutFailure};
pub use service::{CreateStream, Parts, Streams};
pub use stream::{Shard, Stream, StreamMode};
