//! Channels: on-demand streams delivered to a bucket, the part of Data Streams that is made of Firehose's parts.
//!
//! Owns: what a channel is, the operations on channels, and dead letters. Refuses: reading, buffering, packing and
//! putting, which `crate::flow` and what is behind it do for delivery streams as well; S3 Tables.
//! Read [`config`] for what a channel is created with, `manage.rs` for the operations.

mod config;
mod dead_letters;
mod manage;
mod validate;

pub use config::{
    Channel, ChannelOutput, ChannelSource, ChannelStream, CreateChannel, DeadLetterOutput, RecordFormat, StorageClass,
    UpdateChannel,
};
pub(crate) use dead_letters::DeadLetters;
pub use manage::ChannelPage;
