//! The words of the field, shared by every other room: names, ARNs, records, positions, limits, the error kinds,
//! and the traits through which time, randomness and commands reach the domain.
//!
//! Owns: values and their text forms. Refuses: IO, HTTP, serde shapes of AWS.
//! Read [`position`] next: it holds the decision that shapes the log, the sequence number.

mod arn;
mod backoff;
mod clock;
mod command;
mod error;
pub mod limits;
mod names;
pub mod position;
mod random;
mod record;

pub use arn::{Arn, ArnError, ConsumerArn, ResourceType};
pub use backoff::Backoff;
pub use clock::{Clock, Sleep, SystemClock, Timestamp};
pub use command::{
    Applied, Applier, Command, CommandId, CommandMeta, Commands, Domain, Rejected, SubmitError, Submitted,
};
pub use error::Kind;
pub use names::{
    AccountId, ApplicationName, ChannelName, ConsumerName, DeliveryStreamName, InvalidName, QueueName, Region, Scope,
    StreamName,
};
pub use position::{Epoch, HashKey, HashRange, Offset, PartitionId, SequenceNumber, ShardId};
pub use random::{Random, SystemRandom, new_uuid};
pub use record::Record;
