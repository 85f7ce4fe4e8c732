//! Aggregation as the Kinesis Producer Library does it: many user records in the data of one record.
//!
//! Owns: the layout (a mark, a protobuf message, the MD5 of the message), what counts as an aggregate, which of its records
//! belong to a shard. Refuses: storing any of this; puts and gets pass aggregates through untouched, only readers that
//! show records to people or hand them to destinations open them.
//! Read `deaggregate.rs` next for the rules, `message.rs` for the bytes.

mod aggregator;
mod deaggregate;
mod message;

pub use aggregator::{Aggregated, Aggregator, UserRecord};
pub use deaggregate::{Aggregate, SubRecord, deaggregate};

/// What every aggregate starts with (KPL, aggregation format).
const MAGIC: [u8; 4] = [0xF3, 0x89, 0x9A, 0xC2];
/// The MD5 that every aggregate ends with.
const DIGEST_BYTES: usize = 16;

#[cfg(test)]
mod tests;
