//! The one place of the load generator that looks at a clock: measuring time is what it is for.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// For durations.
#[allow(clippy::disallowed_methods, reason = "a measurement of real time cannot take a simulated clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Milliseconds since 1970, for signatures and the report's date.
#[allow(clippy::disallowed_methods, reason = "a server checks signatures against real time")]
pub(crate) fn wall_millis() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// For waits between looks at a server; nothing that is measured waits here.
#[allow(clippy::disallowed_methods, reason = "a server under load lives in real time")]
pub(crate) async fn sleep(duration: Duration) {
    tokio::time::sleep(duration).await;
}
