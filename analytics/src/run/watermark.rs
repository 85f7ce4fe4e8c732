//! How far event time has come: the minimum over the shards that are active.
//!
//! A shard's watermark is the highest its rows told; it only rises, and so does the combined one. A shard that is silent
//! longer than the idle timeout does not hold the others back until it speaks again. When all shards are silent, the
//! combined watermark rises to the highest of them, as Flink's does.

use std::collections::BTreeMap;
use std::time::Duration;

use types::Timestamp;

use super::checkpoint::ShardKey;

/// The watermark before the first row.
pub(crate) const UNKNOWN: i64 = i64::MIN;

/// The watermarks of one source.
#[derive(Debug)]
pub(crate) struct Watermarks {
    idle_timeout: Duration,
    shards: BTreeMap<ShardKey, ShardClock>,
    combined: i64,
}

#[derive(Debug, Clone, Copy)]
struct ShardClock {
    watermark: i64,
    last_row: Timestamp,
    ended: bool,
}

impl Watermarks {
    /// No shards yet; an `idle_timeout` of zero never passes.
    pub(crate) fn new(idle_timeout: Duration) -> Self {
        Self { idle_timeout, shards: BTreeMap::new(), combined: UNKNOWN }
    }

    /// The watermark up to which windows have fired.
    pub(crate) fn combined(&self) -> i64 {
        self.combined
    }

    /// Takes up the combined watermark of a checkpoint.
    pub(crate) fn restore(&mut self, combined: i64) {
        self.combined = combined;
    }

    /// A shard begins, at the watermark of a checkpoint or [`UNKNOWN`].
    pub(crate) fn open(&mut self, shard: ShardKey, watermark: i64, now: Timestamp) {
        self.shards.insert(shard, ShardClock { watermark, last_row: now, ended: false });
    }

    /// Rows of a shard came; `watermark` is the highest they tell.
    pub(crate) fn observe(&mut self, shard: ShardKey, watermark: Option<i64>, now: Timestamp) {
        if let Some(clock) = self.shards.get_mut(&shard) {
            clock.watermark = clock.watermark.max(watermark.unwrap_or(UNKNOWN));
            clock.last_row = now;
        }
    }

    /// The shard is closed and read to its end: nothing waits for it any more.
    pub(crate) fn end(&mut self, shard: ShardKey) {
        if let Some(clock) = self.shards.get_mut(&shard) {
            clock.ended = true;
        }
    }

    /// The watermark of a shard, for the checkpoint.
    pub(crate) fn of(&self, shard: ShardKey) -> i64 {
        self.shards.get(&shard).map_or(UNKNOWN, |clock| clock.watermark)
    }

    /// Whether the combined watermark rose; windows may fire then.
    pub(crate) fn advance(&mut self, now: Timestamp) -> bool {
        let active = self.shards.values().filter(|clock| self.is_active(clock, now));
        let lowest = active.map(|clock| clock.watermark).min();
        let highest = || self.shards.values().map(|clock| clock.watermark).max();
        let candidate = lowest.or_else(highest).unwrap_or(UNKNOWN);
        let rose = candidate > self.combined;
        self.combined = self.combined.max(candidate);
        rose
    }

    /// When the next shard will be idle, if one will.
    pub(crate) fn next_idle(&self, now: Timestamp) -> Option<Timestamp> {
        if self.idle_timeout.is_zero() {
            return None;
        }
        let active = self.shards.values().filter(|clock| self.is_active(clock, now));
        active.map(|clock| clock.last_row.after(self.idle_timeout)).min()
    }

    fn is_active(&self, clock: &ShardClock, now: Timestamp) -> bool {
        let silent = now.since(clock.last_row);
        !clock.ended && (self.idle_timeout.is_zero() || silent < self.idle_timeout)
    }
}

#[cfg(test)]
mod tests {
    use types::{Epoch, ShardId};

    use super::*;

    fn shard(id: u32) -> ShardKey {
        ShardKey { epoch: Epoch(1), shard: ShardId(id) }
    }

    fn two_shards(idle_timeout_ms: u64) -> Watermarks {
        let mut watermarks = Watermarks::new(Duration::from_millis(idle_timeout_ms));
        watermarks.open(shard(0), UNKNOWN, Timestamp(0));
        watermarks.open(shard(1), UNKNOWN, Timestamp(0));
        watermarks
    }

    #[test]
    fn the_slowest_shard_decides() {
        let mut watermarks = two_shards(0);
        watermarks.observe(shard(0), Some(100), Timestamp(1));
        assert!(!watermarks.advance(Timestamp(1_000_000)), "a shard that never spoke holds all");
        watermarks.observe(shard(1), Some(40), Timestamp(2));
        assert!(watermarks.advance(Timestamp(2)));
        assert_eq!(watermarks.combined(), 40);
        watermarks.observe(shard(1), Some(30), Timestamp(3));
        assert!(!watermarks.advance(Timestamp(3)), "it never falls");
        assert_eq!(watermarks.combined(), 40);
    }

    #[test]
    fn idle_shards_hold_nobody() {
        let mut watermarks = two_shards(10);
        watermarks.observe(shard(0), Some(100), Timestamp(5));
        assert_eq!(watermarks.next_idle(Timestamp(5)), Some(Timestamp(10)));
        assert!(!watermarks.advance(Timestamp(9)));
        assert!(watermarks.advance(Timestamp(10)), "shard 1 was silent for 10 ms");
        assert_eq!(watermarks.combined(), 100);
        watermarks.observe(shard(1), Some(50), Timestamp(11));
        assert!(!watermarks.advance(Timestamp(11)), "a shard that comes back late does not turn time back");
        watermarks.observe(shard(0), Some(300), Timestamp(12));
        watermarks.observe(shard(1), Some(200), Timestamp(12));
        watermarks.advance(Timestamp(12));
        assert_eq!(watermarks.combined(), 200);
        assert!(watermarks.advance(Timestamp(50)), "all silent: the highest counts");
        assert_eq!((watermarks.combined(), watermarks.next_idle(Timestamp(50))), (300, None));
    }

    #[test]
    fn an_ended_shard_holds_nobody() {
        let mut watermarks = two_shards(0);
        watermarks.observe(shard(0), Some(100), Timestamp(1));
        watermarks.observe(shard(1), Some(10), Timestamp(1));
        watermarks.end(shard(1));
        watermarks.advance(Timestamp(1));
        assert_eq!(watermarks.combined(), 100);
    }
}
