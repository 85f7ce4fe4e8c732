//! How a job does, as others see it.

use std::collections::BTreeMap;

use types::Timestamp;

use super::checkpoint::{Counters, ShardKey};

/// The state of a job's task.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum JobState {
    /// It has not taken up its positions yet.
    #[default]
    Starting,
    /// It reads.
    Running,
    /// It failed and waits to start again.
    Restarting,
}

/// How far a shard is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShardLag {
    pub(crate) records_behind: u64,
    /// When the last record read had arrived.
    pub(crate) arrival: Option<Timestamp>,
}

/// What a job publishes.
#[derive(Debug, Clone, Default)]
pub(crate) struct JobStatus {
    pub(crate) state: JobState,
    /// The last failure and when it was; kept after a restart.
    pub(crate) failure: Option<(String, Timestamp)>,
    pub(crate) restarts: u64,
    pub(crate) commits: u64,
    pub(crate) counters: Counters,
    pub(crate) watermark: Option<i64>,
    pub(crate) lag: BTreeMap<(usize, ShardKey), ShardLag>,
}

impl JobStatus {
    pub(crate) fn failed(&mut self, message: String, now: Timestamp) {
        self.state = JobState::Restarting;
        self.failure = Some((message, now));
        self.restarts += 1;
    }

    /// Whether something changed.
    pub(crate) fn progress(
        &mut self,
        counters: Counters,
        watermark: Option<i64>,
        lag: &BTreeMap<(usize, ShardKey), ShardLag>,
    ) -> bool {
        let changed = (self.counters, self.watermark) != (counters, watermark) || self.lag != *lag;
        if changed {
            (self.counters, self.watermark) = (counters, watermark);
            self.lag.clone_from(lag);
        }
        changed
    }
}
