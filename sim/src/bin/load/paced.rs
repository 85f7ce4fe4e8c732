//! A run at a given rate, for latencies below the peak.
//!
//! Owns when a request is due: latency counts from there, so a slow answer cannot thin out the load that measures it.
//! Each connection has a thread of its own that sleeps until its next request: the timers of an async runtime tick in
//! milliseconds, which is longer than what is measured. Read next: `drive.rs`.

use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::drive::{Outcome, Run};
use crate::time::now;

/// Runs `run` at `rate` requests per second over all of its connections.
pub(crate) fn drive(run: &Run, rate: f64) -> Result<Outcome, String> {
    let start = now() + Duration::from_millis(50);
    // The calling thread belongs to the runtime, and would keep one of its workers.
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..run.connections)
                .map(|index| scope.spawn(move || one_connection(run, index, rate, start)))
                .collect();
            let mut total = Outcome::empty();
            for thread in threads {
                total.add(&thread.join().map_err(|_| "a connection's thread panicked".to_owned())??);
            }
            Ok(total)
        })
    })
}

fn one_connection(run: &Run, index: usize, rate: f64, start: Instant) -> Result<Outcome, String> {
    alone(async {
        let mut connection = Connection::open_small(&run.authority).await?;
        let mut outcome = Outcome::empty();
        let gap = Duration::from_secs_f64(run.connections as f64 / rate);
        let phase = gap.mul_f64(index as f64 / run.connections as f64);
        for turn in 0u32.. {
            let due = start + phase + gap * turn;
            if due >= start + run.duration {
                break;
            }
            sleep_until(due);
            run.call(&mut connection, index, turn as usize).await?;
            outcome.record(due);
        }
        outcome.elapsed = start.elapsed();
        Ok(outcome)
    })
}

/// Runs the future on this thread, which may sleep without keeping anybody else.
pub(crate) fn alone<T>(future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    runtime.map_err(|error| format!("a thread's runtime: {error}"))?.block_on(future)
}

pub(crate) fn sleep_until(due: Instant) {
    let left = due.saturating_duration_since(now());
    if !left.is_zero() {
        std::thread::sleep(left);
    }
}
