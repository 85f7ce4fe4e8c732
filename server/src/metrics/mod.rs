//! What the server measures of itself: the AWS/Kinesis metrics, and what operators watch.
//!
//! Owns: figures of streams, requests and connections while they are gathered, the flush of the former to
//! `companions::cloudwatch` once a minute, the text for Prometheus and the listener that serves it. Refuses: keeping
//! figures for longer, and deciding anything by them.
//! Read `figures.rs` for the names, `stream.rs` for what handlers call, `exposition/` for what Prometheus sees.

mod exposition;
mod figures;
mod flush;
mod listener;
mod requests;
mod stopwatch;
mod stream;
#[cfg(test)]
mod tests;
#[cfg(feature = "otel")]
mod traces;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use companions::cloudwatch::CloudWatch;
use streams::Stream;
use types::{Clock, Epoch};

pub(crate) use listener::{MetricsListener, Readiness};
pub(crate) use requests::Requests;
pub(crate) use stopwatch::Stopwatch;
pub(crate) use stream::{Call, Published, StreamMetrics};
#[cfg(feature = "otel")]
pub(crate) use traces::{Traces, TracesError};

type ByEpoch = HashMap<Epoch, Arc<StreamMetrics>>;

/// Everything that is measured. One of these is in the [`App`](crate::app::App).
pub(crate) struct Metrics {
    clock: Arc<dyn Clock>,
    cloudwatch: CloudWatch,
    /// Read with every call and changed with the first call on a stream, so readers take no lock.
    streams: ArcSwap<ByEpoch>,
    /// Calls by operation.
    pub(crate) requests: Requests,
    connections: AtomicU64,
}

impl Metrics {
    /// Nothing measured yet; minutes are flushed to `cloudwatch`.
    pub(crate) fn new(clock: Arc<dyn Clock>, cloudwatch: CloudWatch) -> Self {
        let requests = Requests::default();
        Self { clock, cloudwatch, streams: ArcSwap::default(), requests, connections: AtomicU64::new(0) }
    }

    /// Where the figures of a stream are gathered.
    pub(crate) fn stream(&self, stream: &Stream) -> Arc<StreamMetrics> {
        if let Some(known) = self.streams.load().get(&stream.epoch) {
            return known.clone();
        }
        let made = Arc::new(StreamMetrics::new(stream, self.clock.clone()));
        self.streams.rcu(|known| {
            let mut next = ByEpoch::clone(known);
            next.entry(stream.epoch).or_insert_with(|| made.clone());
            next
        });
        // Somebody else may have been first.
        self.streams.load().get(&stream.epoch).cloned().unwrap_or(made)
    }

    /// A call on that stream begins: the data plane's handlers say with it how it ended.
    pub(crate) fn call(&self, stream: &Stream) -> Call {
        Call::begin(self.stream(stream), stream)
    }

    /// A connection is open for as long as what this returns lives.
    pub(crate) fn connection(self: &Arc<Self>) -> Connection {
        self.connections.fetch_add(1, Ordering::Relaxed);
        Connection(self.clone())
    }
}

/// An open connection, counted.
pub(crate) struct Connection(Arc<Metrics>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
