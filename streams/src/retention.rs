//! Retention: trims shards whose records are older than their stream keeps them, so that the log can free the space.
//! Readers do not wait for it: they skip what is too old themselves.

use std::time::Duration;

use types::Timestamp;

use crate::{Shard, Streams, StreamsError};

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

    /// Trims every shard now. A shard that cannot be trimmed does not keep the others from it.
    pub async fn trim_expired(&self) {
        let state = self.parts.catalog.snapshot();
        for stream in state.by_name().values() {
            let cutoff = self.parts.clock.now().before(stream.retention);
            for shard in &stream.shards {
                if let Err(error) = self.trim_shard(shard, cutoff).await {
                    let (stream, shard) = (&stream.name, shard.id);
                    tracing::warn!(%error, %stream, %shard, "retention could not trim; it tries again in a minute");
                }
            }
        }
    }

    async fn trim_shard(&self, shard: &Shard, cutoff: Timestamp) -> Result<(), StreamsError> {
        let Some(bounds) = self.parts.log.bounds(shard.partition) else { return Ok(()) };
        let keep = self.offset_at_time(shard.partition, cutoff).await?;
        if keep > bounds.start {
            self.buffer_trim(shard.partition, keep).await?;
        }
        Ok(())
    }
}
