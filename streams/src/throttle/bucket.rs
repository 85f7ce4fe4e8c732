//! A token bucket that counts in thousandths, so that a millisecond refills exactly.

use types::Timestamp;

/// Tokens that come at a rate and wait up to a capacity. It may be overdrawn and then pays back first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    capacity: i64,
    /// Thousandths of a token; a token a second is one of these a millisecond.
    millis: i64,
    per_second: i64,
    seen: Timestamp,
}

impl Bucket {
    /// A full bucket of `capacity` tokens that refills with `per_second`.
    pub(super) fn full(capacity: u64, per_second: u64, now: Timestamp) -> Self {
        let capacity = i64::try_from(capacity).unwrap_or(i64::MAX / 1000).min(i64::MAX / 1000);
        let per_second = i64::try_from(per_second).unwrap_or(i64::MAX / 1000).min(i64::MAX / 1000);
        Self { capacity, millis: capacity * 1000, per_second, seen: now }
    }

    fn refill(&mut self, now: Timestamp) {
        let passed = i64::try_from(now.since(self.seen).as_millis()).unwrap_or(i64::MAX);
        self.millis = self.millis.saturating_add(passed.saturating_mul(self.per_second)).min(self.capacity * 1000);
        self.seen = self.seen.max(now);
    }

    /// Whether `tokens` are there.
    pub(super) fn has(&mut self, tokens: u64, now: Timestamp) -> bool {
        self.refill(now);
        i64::try_from(tokens).is_ok_and(|tokens| tokens.saturating_mul(1000) <= self.millis)
    }

    /// Whether it is not overdrawn.
    pub(super) fn is_solvent(&mut self, now: Timestamp) -> bool {
        self.refill(now);
        self.millis >= 0
    }

    /// Takes `tokens`, there or not.
    pub(super) fn take(&mut self, tokens: u64) {
        self.millis = self.millis.saturating_sub(i64::try_from(tokens).unwrap_or(i64::MAX).saturating_mul(1000));
    }

    /// Takes `tokens` if they are there.
    pub(super) fn try_take(&mut self, tokens: u64, now: Timestamp) -> bool {
        let there = self.has(tokens, now);
        if there {
            self.take(tokens);
        }
        there
    }

    /// When it was used last.
    pub(super) fn seen(&self) -> Timestamp {
        self.seen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_at_the_rate_and_wait_up_to_the_capacity() {
        let mut bucket = Bucket::full(5, 5, Timestamp(0));
        assert!((0..5).all(|_| bucket.try_take(1, Timestamp(0))));
        assert!(!bucket.try_take(1, Timestamp(199)));
        assert!(bucket.try_take(1, Timestamp(200)));
        assert!(bucket.has(5, Timestamp(10_000)));
        assert!(!bucket.has(6, Timestamp(100_000)));
        bucket.take(15);
        assert!(!bucket.is_solvent(Timestamp(101_999)));
        assert!(bucket.is_solvent(Timestamp(102_000)));
        assert!(!bucket.try_take(1, Timestamp(5)), "a clock that jumps back gives nothing");
    }
}
