//! The handle that the API holds, and the workers behind it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use streams::Streams;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::{Arn, Clock, Commands, DeliveryStreamName, PartitionId, Random, Scope};

use crate::catalog::{Catalog, DeliveryStream};
use crate::channels::Channel;
use crate::destinations::s3::Buckets;
use crate::error::DeliveryError;
use crate::flow::Flow;
use crate::stats::{Meter, Stats};
use crate::worker::{self, Orders, Run};

/// How long a shutdown waits for destinations; what is not stored by then is delivered after the restart.
const SHUTDOWN_MAX: Duration = Duration::from_secs(30);
/// How long a deleted flow may still deliver what is in memory.
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
    /// By the partition of their checkpoints.
    running: BTreeMap<PartitionId, Handle>,
    stopping: bool,
}

/// A running worker.
struct Handle {
    flow: Arc<Flow>,
    meter: Arc<Meter>,
    run: watch::Sender<Run>,
    interval: watch::Sender<Duration>,
    task: JoinHandle<()>,
}

impl Delivery {
    /// The service over `parts`. Nothing is delivered before [`Self::resume`].
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts), workers: Arc::default() }
    }

    /// Starts to deliver for every delivery stream and channel that the catalog holds, and drops the partitions of deleted ones
    /// that a crash may have left. To be called once, when the command log was replayed.
    pub async fn resume(&self) -> Result<(), DeliveryError> {
        for partition in self.parts.catalog.retired() {
            self.parts.streams.drop_partition(partition).await?;
        }
        for stream in self.parts.catalog.all() {
            self.start_delivery_stream(&stream);
        }
        for channel in self.parts.catalog.all_channels() {
            self.start_channel(&channel);
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
        let running = self.workers().running.get(&stream.checkpoints).map(|h| (h.flow.clone(), h.meter.clone()));
        let Some((flow, meter)) = running else { return Ok(Stats::default()) };
        // A source that is gone has nothing waiting.
        let ends = crate::source::ends(&self.parts.streams, &flow).await.unwrap_or_default();
        let counts = meter.counts();
        let waiting = ends.iter().map(|(partition, end)| {
            end.0.saturating_sub(counts.delivered.get(partition).map_or(0, |delivered| delivered.0))
        });
        let oldest_record_age = counts.oldest.map(|oldest| self.parts.clock.now().since(oldest));
        Ok(Stats { records_waiting: waiting.sum(), oldest_record_age, ..counts.stats.clone() })
    }

    /// The delivery streams that have a worker, of all scopes, in order.
    pub fn running(&self) -> Vec<(Scope, DeliveryStreamName)> {
        let mut names: Vec<_> =
            self.workers().running.values().filter_map(|handle| handle.flow.delivery_stream.clone()).collect();
        names.sort();
        names
    }

    /// Whether puts are refused because the server stops.
    pub(crate) fn is_stopping(&self) -> bool {
        self.workers().stopping
    }

    /// Where the puts of a delivery stream are counted.
    pub(crate) fn meter(&self, stream: &DeliveryStream) -> Option<Arc<Meter>> {
        self.workers().running.get(&stream.checkpoints).map(|handle| handle.meter.clone())
    }

    /// Starts the worker of a delivery stream.
    pub(crate) fn start_delivery_stream(&self, stream: &DeliveryStream) {
        match Flow::of_delivery_stream(stream) {
            Ok(flow) => self.start(flow),
            // Checked at creation; only an older server with laxer rules could have let it through.
            Err(error) => {
                let owner = stream.arn();
                tracing::error!(%owner, %error, "the delivery stream cannot name its objects and stands still");
            }
        }
    }

    /// Starts a worker, unless its flow was deleted meanwhile or the server stops.
    pub(crate) fn start(&self, flow: Flow) {
        let mut workers = self.workers();
        let key = flow.checkpoints;
        if workers.stopping || self.parts.catalog.is_retired(key) || workers.running.contains_key(&key) {
            return;
        }
        let (flow, meter) = (Arc::new(flow), Arc::<Meter>::default());
        let (run, run_told) = watch::channel(Run::On);
        let (interval, interval_told) = watch::channel(flow.interval);
        let orders = Orders { run: run_told, interval: interval_told };
        let task = tokio::spawn(worker::run(self.parts.clone(), flow.clone(), meter.clone(), orders));
        workers.running.insert(key, Handle { flow, meter, run, interval, task });
    }

    /// Tells the workers of a channel how long records may wait now.
    pub(crate) fn tell_freshness(&self, channel: &Channel) {
        let workers = self.workers();
        // Read under the lock, so that the last one to tell tells the newest.
        let Some(now) = self.parts.catalog.channel(&channel.scope, &channel.name) else { return };
        for handle in now.streams.iter().filter_map(|stream| workers.running.get(&stream.checkpoints)) {
            handle.interval.send_if_modified(|interval| {
                let is_new = *interval != now.freshness();
                *interval = now.freshness();
                is_new
            });
        }
    }

    /// Stops the workers of what was deleted and drops its partitions, in the background.
    pub(crate) fn retire(&self, owner: Arn, partitions: Vec<PartitionId>) {
        let handles: Vec<_> = {
            let mut workers = self.workers();
            partitions.iter().filter_map(|partition| workers.running.remove(partition)).collect()
        };
        let delivery = self.clone();
        tokio::spawn(async move {
            join_all(handles.into_iter().map(|handle| delivery.stop(handle, Run::Delete, DELETE_MAX))).await;
            for partition in partitions {
                if let Err(error) = delivery.parts.streams.drop_partition(partition).await {
                    tracing::warn!(%owner, %error, "a partition is dropped at the next start");
                }
            }
        });
    }

    async fn stop(&self, mut handle: Handle, how: Run, within: Duration) {
        handle.run.send_replace(how);
        tokio::select! {
            ended = &mut handle.task => if let Err(error) = ended {
                tracing::error!(flow = %handle.flow, %error, "a delivery worker failed");
            },
            () = self.parts.clock.sleep(within) => {
                handle.task.abort();
                tracing::warn!(flow = %handle.flow, "stopped before everything was delivered");
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
