//! How long to wait before trying again what failed.

use std::time::Duration;

use crate::Random;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Exponential backoff with jitter: 1 s, 2 s, 4 s, … 60 s, each up to 15 % longer or shorter (the rule that AWS
/// documents for Firehose's HTTP endpoints, with a shorter longest wait, so that what is back is soon used).
#[derive(Debug, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait after one more failure.
    pub fn next(&mut self, random: &dyn Random) -> Duration {
        let exponential = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let mut bytes = [0; 2];
        random.fill(&mut bytes);
        let share = f64::from(u16::from_be_bytes(bytes)) / f64::from(u16::MAX);
        exponential.mul_f64(0.85 + 0.3 * share)
    }

    /// It worked: the next failure is a first one.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    #[test]
    fn waits_double_up_to_a_minute() {
        let mut backoff = Backoff::default();
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = backoff.next(&SystemRandom).as_secs_f64();
            let nominal = f64::from(seconds);
            assert!((0.85 * nominal..=1.16 * nominal).contains(&wait), "{wait} for {nominal}");
        }
        backoff.reset();
        assert!(backoff.next(&SystemRandom) < Duration::from_secs(2));
    }
}
