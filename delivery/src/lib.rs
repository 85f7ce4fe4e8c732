//! Firehose and channels: whatever reads a buffer or a stream, collects records into objects and puts these in buckets.
//!
//! Owns: what a delivery stream is and what a channel, buffering by size and time, object keys, compression,
//! destinations, retry, and the checkpoint that moves only after an object is safe. Refuses: AWS request shapes, HTTP,
//! SQL, the rules of streams.
//!
//! Read [`Delivery`] for the operations and [`Catalog`] for the state; then `worker.rs`, the one task that runs a
//! `flow.rs`, and `flush.rs`, the way of a batch from memory to its bucket.

mod buffer;
mod catalog;
mod channels;
mod checkpoint;
mod command;
mod compress;
mod config;
mod destinations;
mod error;
mod flow;
mod flush;
mod framing;
mod keys;
mod manage;
mod put;
mod service;
mod source;
mod stats;
mod validate;
mod worker;

#[cfg(test)]
mod tests;

pub use catalog::{Catalog, DeliveryStream};
pub use channels::{
    Channel, ChannelOutput, ChannelPage, ChannelSource, ChannelStream, CreateChannel, DeadLetterOutput, RecordFormat,
    StorageClass, UpdateChannel,
};
pub use command::{Command, NewChannelStream};
pub use config::{
    AppendDelimiter, BufferingHints, Compression, CreateDeliveryStream, Destination, Logging, Processing, SourceConfig,
};
pub use destinations::s3::{Buckets, BucketsConfig, BucketsError, S3Config};
pub use error::DeliveryError;
pub use manage::StreamPage;
pub use put::RecordId;
pub use service::{Delivery, Parts};
pub use stats::{Failure, Stats};
