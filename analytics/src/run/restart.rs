//! How long a failed job waits before it is tried again.

use std::time::Duration;

use types::Random;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// Doubles with each failure, with up to a quarter of jitter, so that jobs that failed together do not return together.
#[derive(Debug, Default)]
pub(crate) struct RestartDelay {
    failures: u32,
}

impl RestartDelay {
    /// The wait after one more failure.
    pub(crate) fn next(&mut self, random: &dyn Random) -> Duration {
        let nominal = FIRST.saturating_mul(1 << self.failures.min(16)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let mut byte = [0];
        random.fill(&mut byte);
        nominal + nominal.mul_f64(f64::from(byte[0]) / 1024.0)
    }

    /// The job made progress: the next failure is a first one.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use types::SystemRandom;

    use super::*;

    #[test]
    fn the_wait_doubles_up_to_a_minute() {
        let mut delay = RestartDelay::default();
        for nominal in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0] {
            let wait = delay.next(&SystemRandom).as_secs_f64();
            assert!((nominal..=nominal * 1.25).contains(&wait), "{wait} for {nominal}");
        }
        delay.reset();
        assert!(delay.next(&SystemRandom) < Duration::from_secs(2));
    }
}
