//! Firehose: delivery streams that read a buffer or a stream, collect records into objects and put these in buckets.
//!
//! Owns: what a delivery stream is, buffering by size and time, object keys, compression, destinations, retry, and the
//! checkpoint that moves only after an object is safe. Refuses: AWS request shapes, HTTP, SQL, the rules of streams.
//!
//! Read [`Delivery`] for the operations and [`Catalog`] for the state; then `worker.rs`, the one task that owns a
//! delivery stream, and `flush.rs`, the way of a batch from memory to its bucket.

mod buffer;
mod catalog;
mod checkpoint;
mod command;
mod compress;
mod config;
mod destinations;
mod error;
mod flush;
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
pub use command::Command;
pub use config::{
    AppendDelimiter, BufferingHints, Compression, CreateDeliveryStream, Destination, Logging, Processing, SourceConfig,
};
pub use destinations::s3::{Buckets, BucketsConfig, BucketsError, S3Config};
pub use error::DeliveryError;
pub use manage::StreamPage;
pub use put::RecordId;
pub use service::{Delivery, Parts};
pub use stats::{Failure, Stats};
