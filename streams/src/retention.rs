//! Retention: trims shards whose records are older than their stream keeps them, so that the log can free the space.
//! Readers do not wait for it: they skip what is too old themselves.

use std::collections::BTreeSet;
use std::time::Duration;

use log::Lane;
use types::Timestamp;

use crate::command::{StreamCommand, StreamRef};
use crate::{Shard, Stream, Streams, StreamsError};

/// How often expired records are trimmed.
const PERIOD: Duration = Duration::from_secs(60);

impl Streams {
    /// Trims every shard once a minute; runs until it is dropped.
    pub async fn run_retention(&self) {
        loop {
            self.parts.clock.sleep(PERIOD).await;
            self.trim_expired().await;
        }
    }

    /// Trims every shard now, and forgets closed shards that hold nothing any more. A shard that cannot be trimmed does
    /// not keep the others from it.
    pub async fn trim_expired(&self) {
        let state = self.parts.catalog.current();
        for stream in state.streams() {
            self.trim_stream(stream).await;
            if let Err(error) = self.expire_shards(stream).await {
                tracing::warn!(%error, stream = %stream.name, "expired shards stay listed until the next minute");
            }
        }
    }

    pub(crate) async fn trim_stream(&self, stream: &Stream) {
        let cutoff = stream.oldest(self.parts.clock.now());
        for shard in &stream.shards {
            if let Err(error) = self.trim_shard(shard, cutoff).await {
                let (stream, shard) = (&stream.name, shard.id);
                tracing::warn!(%error, %stream, %shard, "retention could not trim; it tries again in a minute");
            }
        }
    }

    /// Tells the log how long the records of the stream's shards live.
    pub(crate) fn classify(&self, stream: &Stream) {
        let lane = Lane::of_retention(stream.retention);
        stream.shards.iter().for_each(|shard| self.parts.log.classify(shard.partition, lane));
    }

    async fn trim_shard(&self, shard: &Shard, cutoff: Timestamp) -> Result<(), StreamsError> {
        let Some(bounds) = self.parts.log.bounds(shard.partition) else { return Ok(()) };
        let keep = self.offset_at_time(shard.partition, cutoff).await?;
        if keep > bounds.start {
            self.buffer_trim(shard.partition, keep).await?;
        }
        Ok(())
    }

    /// A closed shard is listed for as long as it may hold a record, counted from its end.
    async fn expire_shards(&self, stream: &Stream) -> Result<(), StreamsError> {
        let cutoff = stream.oldest(self.parts.clock.now());
        let expired = stream.shards.iter().filter(|shard| shard.closed.is_some_and(|closed| closed.at < cutoff));
        let (shards, partitions): (BTreeSet<_>, Vec<_>) = expired.map(|shard| (shard.id, shard.partition)).unzip();
        if shards.is_empty() || !stream.serves() {
            return Ok(());
        }
        self.submit(StreamCommand::Expire { of: StreamRef::to(stream), shards }).await?;
        for partition in partitions {
            self.parts.log.drop_partition(partition).await?;
        }
        Ok(())
    }
}
