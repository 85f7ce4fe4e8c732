//! A run: some connections that send prepared requests for some seconds, as fast as they can or at a given rate.
//!
//! Owns counting, latencies and errors. An answer that is no success ends the run, so no figure comes of it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::connection::{Answer, Connection, find};
use crate::time::now;

/// Ten minutes; what takes longer counts as that.
const LATENCY_US_MAX: u64 = 600_000_000;

/// What came of a run.
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// Microseconds from when a request was due to the last byte of its answer.
    pub(crate) latency_us: Histogram<u64>,
}

impl Outcome {
    pub(crate) fn empty() -> Self {
        // Fixed bounds: a histogram that resizes itself does not do so for a saturating record.
        let latency_us = Histogram::new_with_bounds(1, LATENCY_US_MAX, 3).expect("the bounds are in order");
        Self { requests: 0, elapsed: Duration::ZERO, latency_us }
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.elapsed = self.elapsed.max(other.elapsed);
        self.latency_us.add(&other.latency_us).expect("both histograms have the same bounds");
    }

    pub(crate) fn record(&mut self, since: Instant) {
        self.requests += 1;
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.latency_us.saturating_record(micros.max(1));
    }
}

/// How a run is made.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) authority: String,
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
    /// Requests per second over all connections; `None` sends the next when the last is answered.
    pub(crate) rate: Option<f64>,
}

impl Run {
    /// Runs to the end; the first failure of any connection fails it all.
    pub(crate) async fn drive(&self) -> Result<Outcome, String> {
        let mut tasks = JoinSet::new();
        let start = now();
        for index in 0..self.connections {
            let run = self.clone();
            tasks.spawn(async move { run.one_connection(index, start).await });
        }
        let mut total = Outcome::empty();
        while let Some(joined) = tasks.join_next().await {
            total.add(&joined.map_err(|error| format!("a connection's task: {error}"))??);
        }
        Ok(total)
    }

    async fn one_connection(&self, index: usize, start: Instant) -> Result<Outcome, String> {
        let mut connection = Connection::open(&self.authority).await?;
        let mut outcome = Outcome::empty();
        let gap = self.rate.map(|rate| Duration::from_secs_f64(self.connections as f64 / rate));
        for turn in 0.. {
            let mut due = now();
            if let Some(gap) = gap {
                // Latency counts from when the request was due: a slow answer must not thin out the load.
                let phase = gap.mul_f64(index as f64 / self.connections as f64);
                due = start + phase + gap.saturating_mul(turn);
                tokio::time::sleep_until(due.into()).await;
            }
            if due >= start + self.duration {
                break;
            }
            let chosen = (index + turn as usize * self.connections) % self.requests.len();
            check(&connection.call(&self.requests[chosen]).await?)?;
            outcome.record(due);
        }
        outcome.elapsed = start.elapsed();
        Ok(outcome)
    }
}

/// An error unless everything in the answer succeeded.
pub(crate) fn check(answer: &Answer<'_>) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
    if answer.status != 200 {
        return Err(format!("status {}: {}", answer.status, shown()));
    }
    // The count comes before or after the list of results; both ends are searched, the list is not.
    let (head, tail) = (answer.body.len().min(64), answer.body.len().saturating_sub(128));
    for part in [&answer.body[..head], &answer.body[tail..]] {
        if let Some(at) = find(part, b"\"FailedRecordCount\":") {
            let count = &part[at + 20..];
            if count.first() != Some(&b'0') {
                return Err(format!("records failed: {}", shown()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_any_length_are_kept_apart() {
        let mut outcome = Outcome::empty();
        for micros in [1, 900, 27_000, 3_000_000, u64::MAX] {
            outcome.latency_us.saturating_record(micros);
        }
        let at = |quantile| outcome.latency_us.value_at_quantile(quantile);
        assert!((26_900..27_100).contains(&at(0.5)), "{}", at(0.5));
        assert!(at(1.0) >= LATENCY_US_MAX, "{}", at(1.0));
    }
}
