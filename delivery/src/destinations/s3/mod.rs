//! Buckets: folders of this machine, an S3 endpoint, or any object store that a test brings.
//!
//! Owns: that an object is durable and whole under its name when `put` answers. Refuses: keys, retries.
//! Read [`config`] for what can be chosen, [`client`] for how an object is stored.

mod client;
mod config;

pub use client::{Buckets, BucketsError};
pub use config::{BucketsConfig, S3Config};

#[cfg(test)]
mod tests;
