//! The handle that the API holds, and the workers behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use streams::Streams;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::{Clock, Commands, DeliveryStreamName, Random, Scope};

use crate::catalog::{Catalog, DeliveryStream};
use crate::destinations::s3::Buckets;
use crate::error::DeliveryError;
use crate::stats::{Meter, Stats};
use crate::worker::{self, Run};

/// How long a shutdown waits for destinations; what is not stored by then is delivered after the restart.
const SHUTDOWN_MAX: Duration = Duration::from_secs(30);
/// How long a deleted delivery stream may still deliver what is in memory.
const DELETE_MAX: Duration = Duration::from_secs(10);

/// What Firehose stands on; everything that a simulator replaces is here.
pub struct Parts {
    /// The state machine that the command log feeds.
    pub catalog: Arc<Catalog>,
    /// Where records come from, and where buffers and checkpoints are kept.
    pub streams: Streams,
    /// Where control operations go.
    pub commands: Arc<dyn Commands>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where unguessable bytes come from.
    pub random: Arc<dyn Random>,
    /// Where objects go.
    pub buckets: Buckets,
}

/// Firehose. Cheap to clone.
#[derive(Clone)]
pub struct Delivery {
    pub(crate) parts: Arc<Parts>,
    workers: Arc<Mutex<Workers>>,
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Workers {
    running: BTreeMap<(Scope, DeliveryStreamName), Handle>,
    stopping: bool,
}

/// A running worker.
struct Handle {
    stream: Arc<DeliveryStream>,
    meter: Arc<Meter>,
    run: watch::Sender<Run>,
    task: JoinHandle<()>,
}

impl Delivery {
    /// The service over `parts`. Nothing is delivered before [`Self::resume`].
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), workers: Arc::default() }
    }

    /// Starts to deliver for every delivery stream that the catalog holds, and drops the partitions of deleted ones
    /// that a crash may have left. To be called once, when the command log was replayed.
    pub async fn resume(&self) -> Result<(), DeliveryError> {
        for partition in self.parts.catalog.retired() {
            self.parts.streams.drop_partition(partition).await?;
        }
        for stream in self.parts.catalog.all() {
            self.start(&stream);
        }
        Ok(())
    }

    /// Stops taking puts, delivers what was taken within 30 s, and stops. What could not be delivered stays durable and
    /// is delivered after the restart.
    pub async fn shutdown(&self) {
        let handles = {
            let mut workers = self.workers();
            workers.stopping = true;
            std::mem::take(&mut workers.running)
        };
        let stops = handles.into_values().map(|handle| self.stop(handle, Run::Shutdown, SHUTDOWN_MAX));
        join_all(stops).await;
    }

    /// What a delivery stream did and what it still has to do.
    pub async fn stats(&self, scope: &Scope, name: &DeliveryStreamName) -> Result<Stats, DeliveryError> {
        let stream = self.describe(scope, name)?;
        // A source that is gone has nothing waiting.
        let ends = crate::source::ends(&self.parts.streams, &stream).await.unwrap_or_default();
        let Some(meter) = self.meter(&stream) else { return Ok(Stats::default()) };
        let counts = meter.counts();
        let waiting = ends.iter().map(|(partition, end)| {
            end.0.saturating_sub(counts.delivered.get(partition).map_or(0, |delivered| delivered.0))
        });
        let oldest_record_age = counts.oldest.map(|oldest| self.parts.clock.now().since(oldest));
        Ok(Stats { records_waiting: waiting.sum(), oldest_record_age, ..counts.stats.clone() })
    }

    /// The delivery streams that have a worker, of all scopes, in order.
    pub fn running(&self) -> Vec<(Scope, DeliveryStreamName)> {
        self.workers().running.keys().cloned().collect()
    }

    /// Whether puts are refused because the server stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.workers().stopping
    }

    /// Where the puts of a delivery stream are counted.
    pub(crate) fn meter(&self, stream: &DeliveryStream) -> Option<Arc<Meter>> {
        let key = (stream.scope.clone(), stream.name.clone());
        self.workers().running.get(&key).map(|handle| handle.meter.clone())
    }

    /// Starts the worker of a delivery stream, unless it was deleted meanwhile or the server stops.
    pub(crate) fn start(&self, stream: &Arc<DeliveryStream>) {
        let mut workers = self.workers();
        let current = self.parts.catalog.get(&stream.scope, &stream.name);
        let is_current = current.is_some_and(|current| current.epoch == stream.epoch);
        let key = (stream.scope.clone(), stream.name.clone());
        if workers.stopping || !is_current || workers.running.get(&key).is_some_and(|h| h.stream.epoch == stream.epoch)
        {
            return;
        }
        let (run, told) = watch::channel(Run::On);
        let meter = Arc::<Meter>::default();
        let task = tokio::spawn(worker::run(self.parts.clone(), stream.clone(), meter.clone(), told));
        workers.running.insert(key, Handle { stream: stream.clone(), meter, run, task });
    }

    /// Stops the worker of a deleted delivery stream and drops its partitions, in the background.
    pub(crate) fn retire(&self, stream: Arc<DeliveryStream>) {
        let key = (stream.scope.clone(), stream.name.clone());
        let handle = {
            let mut workers = self.workers();
            let is_its = workers.running.get(&key).is_some_and(|handle| handle.stream.epoch == stream.epoch);
            if is_its { workers.running.remove(&key) } else { None }
        };
        let delivery = self.clone();
        tokio::spawn(async move {
            if let Some(handle) = handle {
                delivery.stop(handle, Run::Delete, DELETE_MAX).await;
            }
            for partition in [stream.checkpoints, stream.buffer] {
                if let Err(error) = delivery.parts.streams.drop_partition(partition).await {
                    tracing::warn!(delivery_stream = %stream.arn(), %error, "a partition is dropped at the next start");
                }
            }
        });
    }

    async fn stop(&self, mut handle: Handle, how: Run, within: Duration) {
        handle.run.send_replace(how);
        tokio::select! {
            ended = &mut handle.task => if let Err(error) = ended {
                tracing::error!(delivery_stream = %handle.stream.arn(), %error, "a delivery worker failed");
            },
            () = self.parts.clock.sleep(within) => {
                handle.task.abort();
                tracing::warn!(delivery_stream = %handle.stream.arn(), "stopped before everything was delivered");
            }
        }
    }

    /// What a crash does: every worker stops where it is.
    #[cfg(test)]
    pub(crate) fn crash(&self) {
        self.workers().running.values().for_each(|handle| handle.task.abort());
    }

    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
