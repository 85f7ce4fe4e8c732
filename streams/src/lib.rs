//! The rules of Data Streams: hash routing, put, iterators, get, retention; and, for the consumers in this process
//! (Firehose, SQL, Lambda), cursors, buffers, checkpoints and the aggregates of the KPL over the same log.
//!
//! Owns: what a stream, a shard and an iterator mean. Refuses: HTTP, AWS shapes, SQL, destinations.
//! Read [`Catalog`] for the state, [`Streams`] for the operations, [`ShardCursor`] for consuming in process.

mod account;
pub mod aggregation;
mod catalog;
mod checkpoint;
mod command;
mod config;
mod consumer;
mod cursor;
mod encryption;
mod error;
mod fan_out;
mod get;
mod iterator;
mod list;
mod put;
mod queues;
mod reshard;
mod resource;
mod retention;
mod scaling;
mod service;
mod settings;
mod stream;
mod tags;
mod throttle;

pub use account::{Commitment, CommitmentStatus};
pub use catalog::Catalog;
pub use checkpoint::Commit;
pub use config::{Quotas, Rates, StreamsConfig};
pub use consumer::{Consumer, ConsumerStatus};
pub use cursor::{CursorPage, HeldPage, PageBudget, ShardCursor, Start};
pub use encryption::{KeyId, MasterKey, MasterKeyError, MasterKeys, NoMasterKeys, StreamKeys, WrappedKey};
pub use error::StreamsError;
pub use fan_out::{Subscription, SubscriptionEvent};
pub use get::GetPage;
pub use iterator::Position;
pub use list::{ShardFilter, StreamPage, Usage};
pub use put::{Placed, PutEntry, PutFailure};
pub use queues::{
    CreateQueue, Queue, QueueAction, QueueAttributes, QueueChange, QueuePage, QueueRecord, QueueRefusal, QueueStart,
    QueueStatus, Receive, Shelf,
};
pub use reshard::Scaled;
pub use resource::Resource;
pub use scaling::Scaling;
pub use service::{CreateStream, Parts, Streams};
pub use stream::{Closed, Distribution, Shard, ShardMetric, Stream, StreamMode, StreamStatus};
pub use tags::check_tags;
