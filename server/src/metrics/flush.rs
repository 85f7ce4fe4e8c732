//! From figures to CloudWatch: once a minute, before somebody asks CloudWatch, and at the end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use companions::cloudwatch::Point;
use streams::Streams;
use types::Scope;

use super::Metrics;

/// How often figures are flushed when nobody asks.
const PERIOD: Duration = Duration::from_secs(60);
/// Points of one put to CloudWatch.
const POINTS_MAX: usize = 2_000;

impl Metrics {
    /// Flushes once a minute and lets go of streams that are no more; runs until it is dropped.
    pub(crate) async fn run(self: Arc<Self>, streams: Streams) {
        loop {
            self.clock.sleep(PERIOD).await;
            self.flush().await;
            self.forget_deleted(&streams);
        }
    }

    /// Makes what was gathered until now part of CloudWatch, durably: whoever asks it afterwards is told everything.
    pub(crate) async fn flush(&self) {
        let mut by_scope = BTreeMap::<Scope, Vec<Point>>::new();
        for stream in self.streams.load().values() {
            let points = stream.take();
            if !points.is_empty() {
                by_scope.entry(stream.scope.clone()).or_default().extend(points);
            }
        }
        let mut waiting = Vec::new();
        for (scope, points) in &by_scope {
            // All are handed over before the first is waited for, so that another flush can only come after them.
            waiting.extend(points.chunks(POINTS_MAX).map(|chunk| self.cloudwatch.add(scope, chunk.to_vec())));
        }
        for added in waiting {
            if let Err(error) = added.await {
                tracing::warn!(%error, "figures of a minute were not kept");
            }
        }
    }

    /// As [`Self::flush`], and waits for another flush that may be under way.
    pub(crate) async fn settle(&self, scope: &Scope) {
        self.flush().await;
        if let Err(error) = self.cloudwatch.add(scope, Vec::new()).await {
            tracing::debug!(%error, "the metrics' writer was not waited for");
        }
    }

    fn forget_deleted(&self, streams: &Streams) {
        let is_gone = |epoch, stream: &super::StreamMetrics| {
            !streams.stream(&stream.scope, &stream.name).is_ok_and(|found| found.epoch == epoch)
        };
        if self.streams.load().iter().any(|(epoch, stream)| is_gone(*epoch, stream)) {
            self.streams.rcu(|known| {
                let mut next = super::ByEpoch::clone(known);
                next.retain(|epoch, stream| !is_gone(*epoch, stream));
                next
            });
        }
    }
}
