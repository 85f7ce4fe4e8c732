//! Retention: trims shards whose records are older than their stream keeps them.

use crate::Streams;

impl Streams {
    /// Trims every shard once a minute, until dropped.
    pub async fn run_retention(&self) {
        unimplemented!()
    }
}
