//! A run: some connections that send prepared requests for some seconds, as fast as they can.
//!
//! Owns counting, latencies and errors. An answer that is no success ends the run, so no figure comes of it.
//! Read next: `paced.rs`, the same at a given rate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::task::JoinSet;

use crate::answer::{Expect, check, check_each};
use crate::connection::Connection;
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
        self.record_duration(since.elapsed());
    }

    pub(crate) fn record_duration(&mut self, took: Duration) {
        self.requests += 1;
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.latency_us.saturating_record(micros.max(1));
    }

    pub(crate) fn quantile_ms(&self, quantile: f64) -> f64 {
        self.latency_us.value_at_quantile(quantile) as f64 / 1000.0
    }
}

/// How a run is made.
#[derive(Clone)]
pub(crate) struct Run {
    pub(crate) authority: String,
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
    /// Records in each request.
    pub(crate) records: usize,
    pub(crate) connections: usize,
    pub(crate) duration: Duration,
    /// Requests of each connection after which it stops, if the time is not over before.
    pub(crate) turns: usize,
}

impl Run {
    /// Runs to the end; the first failure of any connection fails it all.
    pub(crate) async fn drive(&self) -> Result<Outcome, String> {
        // All connections are open before the clock starts.
        let mut open = Vec::new();
        for _ in 0..self.connections {
            open.push(Connection::open_small(&self.authority).await?);
        }
        let mut tasks = JoinSet::new();
        let start = now();
        for (index, connection) in open.into_iter().enumerate() {
            let run = self.clone();
            tasks.spawn(async move { run.one_connection(connection, index, start).await });
        }
        let mut total = Outcome::empty();
        while let Some(joined) = tasks.join_next().await {
            total.add(&joined.map_err(|error| format!("a connection's task: {error}"))??);
        }
        Ok(total)
    }

    async fn one_connection(
        &self,
        mut connection: Connection,
        index: usize,
        start: Instant,
    ) -> Result<Outcome, String> {
        let mut outcome = Outcome::empty();
        for turn in 0..self.turns {
            let due = now();
            if due >= start + self.duration {
                break;
            }
            self.call(&mut connection, index, turn).await?;
            outcome.record(due);
        }
        outcome.elapsed = start.elapsed();
        Ok(outcome)
    }

    /// The connection's next request, answered in full.
    pub(crate) async fn call(&self, connection: &mut Connection, index: usize, turn: usize) -> Result<(), String> {
        let chosen = (index + turn * self.connections) % self.requests.len();
        let answer = connection.call(&self.requests[chosen]).await?;
        check(&answer, if self.records == 1 { Expect::Stored } else { Expect::AllStored })?;
        if turn == 0 && self.records > 1 {
            check_each(&answer, self.records)?;
        }
        Ok(())
    }
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
