//! Retention: trims shards whose records are older than their stream keeps them, so that the log can free the space.
//! Readers do not wait for it: they skip what is too old themselves.

use std::time::Duration;

use crate::{Streams, StreamsError};

/// How often expired records are trimmed.
const PERIOD: Duration = Duration::from_secs(60);

impl Streams {
    /// Trims every shard once a minute; runs until it is dropped.
    pub async fn run_retention(&self) {
        loop {
            self.parts.clock.sleep(PERIOD).await;
            if let Err(error) = self.trim_expired().await {
                tracing::warn!(%error, "retention could not trim; it tries again in a minute");
            }
        }
    }

    /// Trims every shard now.
    pub async fn trim_expired(&self) -> Result<(), StreamsError> {
        let state = self.parts.catalog.snapshot();
        for stream in state.by_name().values() {
            let cutoff = self.parts.clock.now().before(stream.retention);
            for shard in &stream.shards {
                let Some(bounds) = self.parts.log.bounds(shard.partition) else { continue };
                let keep = self.offset_at_time(shard.partition, cutoff).await?;
                if keep > bounds.start {
                    self.buffer_trim(shard.partition, keep).await?;
                }
            }
        }
        Ok(())
    }
}
