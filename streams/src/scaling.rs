//! On-demand streams: shards follow the traffic.
//!
//! A shard that takes more than half of what a shard can take is split in two, so that capacity stays at twice the
//! peak (developer guide, on-demand mode). After a day in which twice the peak needs no more than half of the shards, the
//! stream is spread over as many as it needs. The traffic is counted in memory: a restart starts the day anew.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use types::{Epoch, PartitionId, ShardId, Timestamp, limits};

use crate::command::ReshardRequest;
use crate::service::ON_DEMAND_SHARDS;
use crate::{Stream, StreamMode, StreamStatus, Streams};

/// How often the traffic is looked at: soon enough that a doubling is met before the writers notice.
const PERIOD: Duration = Duration::from_secs(5);
/// How long a stream keeps what its peak needed.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// What a shard can take a second.
const SHARD_BYTES: u64 = 1 << 20;
const SHARD_RECORDS: u64 = 1000;

/// Bytes and records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) bytes: u64,
    pub(crate) records: u64,
}

impl Load {
    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.records += other.records;
    }

    /// What came a second, when `self` came in `span`.
    fn per_second(self, span: Duration) -> Self {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
        Self { bytes: self.bytes * 1000 / millis, records: self.records * 1000 / millis }
    }

    /// Shards that take twice this load a second.
    fn shards_for_twice(self) -> u32 {
        let shards = (self.bytes * 2).div_ceil(SHARD_BYTES).max((self.records * 2).div_ceil(SHARD_RECORDS));
        u32::try_from(shards).unwrap_or(u32::MAX)
    }
}

/// What on-demand shards took since the last look.
#[derive(Debug, Default)]
pub(crate) struct Traffic(Mutex<HashMap<PartitionId, Load>>);

impl Traffic {
    pub(crate) fn count(&self, shard: PartitionId, load: Load) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(shard).or_default().add(load);
    }

    fn take(&self) -> HashMap<PartitionId, Load> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The highest load of a stream in a day.
#[derive(Debug, Clone, Copy)]
struct Peak {
    since: Timestamp,
    load: Load,
}

/// What the scaling remembers from look to look.
#[derive(Debug, Default)]
pub struct Scaling {
    peaks: HashMap<Epoch, Peak>,
    looked: Timestamp,
}

impl Streams {
    /// Looks at the traffic every few seconds; runs until it is dropped.
    pub async fn run_scaling(&self) {
        let mut scaling = Scaling { looked: self.parts.clock.now(), ..Scaling::default() };
        loop {
            self.parts.clock.sleep(PERIOD).await;
            self.scale_on_demand(&mut scaling).await;
        }
    }

    /// Looks at the traffic since the last look and reshards what needs it.
    pub async fn scale_on_demand(&self, scaling: &mut Scaling) {
        let now = self.parts.clock.now();
        let span = now.since(scaling.looked);
        if span < PERIOD / 2 {
            // The clock was set back: what came in a time that is not known says nothing.
            scaling.looked = scaling.looked.min(now);
            return;
        }
        scaling.looked = now;
        let traffic = self.traffic.take();
        let state = self.parts.catalog.current();
        let on_demand = |stream: &&Arc<Stream>| stream.mode == StreamMode::OnDemand;
        for stream in state.streams().filter(on_demand) {
            let Some(request) = scaling.wish(stream, &traffic, span, now) else { continue };
            if stream.status != StreamStatus::Active {
                continue;
            }
            tracing::info!(stream = %stream.name, open_shards = stream.open.len(), ?request, "on-demand stream is scaled");
            if let Err(error) = self.reshard(&stream.scope, &stream.name, request, true).await {
                tracing::warn!(%error, stream = %stream.name, "on-demand stream could not be scaled");
            }
        }
        scaling.peaks.retain(|epoch, _| state.by_epoch(*epoch).is_some());
    }
}

impl Scaling {
    /// What the stream needs, if it is something else than it has.
    fn wish(
        &mut self,
        stream: &Stream,
        traffic: &HashMap<PartitionId, Load>,
        span: Duration,
        now: Timestamp,
    ) -> Option<ReshardRequest> {
        let load_of = |partition| traffic.get(&partition).copied().unwrap_or_default().per_second(span);
        let mut total = Load::default();
        for shard in &stream.shards {
            total.add(load_of(shard.partition));
        }
        let peak = self.peaks.entry(stream.epoch).or_insert(Peak { since: now, load: total });
        peak.load = Load { bytes: peak.load.bytes.max(total.bytes), records: peak.load.records.max(total.records) };

        let is_hot = |load: Load| load.bytes * 2 > SHARD_BYTES || load.records * 2 > SHARD_RECORDS;
        let hot: BTreeSet<ShardId> =
            stream.open_shards().filter(|shard| is_hot(load_of(shard.partition))).map(|shard| shard.id).collect();
        let needed = peak.load.shards_for_twice().max(stream.warm_mibps.unwrap_or(0)).max(ON_DEMAND_SHARDS);
        // No split helps a single key that is hot, so the shards stay within twice of what the whole needs.
        let most = needed.saturating_mul(2).min(limits::SHARDS_PER_STREAM_MAX) as usize;
        let room = most.saturating_sub(stream.open.len());
        if stream.warm_mibps.is_some_and(|mibps| mibps as usize > stream.open.len()) {
            return Some(ReshardRequest::Scale { shard_count: needed.min(limits::SHARDS_PER_STREAM_MAX) });
        }
        if !hot.is_empty() && room > 0 {
            return Some(ReshardRequest::Halve { shards: hot.into_iter().take(room).collect() });
        }
        if now.since(peak.since) < DAY {
            return None;
        }
        *peak = Peak { since: now, load: total };
        (stream.open.len() >= 2 * needed as usize).then_some(ReshardRequest::Scale { shard_count: needed })
    }
}
