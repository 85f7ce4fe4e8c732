//! How long something took, for people to look at.

use std::time::{Duration, Instant};

/// Started when made.
///
/// `types::Clock` tells whole milliseconds, which is no measure for calls that take less, and may jump. Nothing in the
/// server is decided by what this shows, so a replay need not repeat it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "a measurement that no rule depends on; see the type's text")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}
