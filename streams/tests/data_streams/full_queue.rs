//! A queue that is full when old checkpoints are trimmed: the commit before it is durable and must say so.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use log::{Appended, Bounds, CommandLog, Log, LogError, MemoryLog, Page, PartitionAppend, Pending};
use streams::{Catalog, Commit, Parts, Streams};
use tokio::sync::watch;
use types::{Offset, PartitionId, SystemClock, SystemRandom, Timestamp};

/// Refuses every trim.
#[derive(Default)]
struct NoTrim(MemoryLog);

impl Log for NoTrim {
    fn append(&self, batch: Vec<PartitionAppend>, now: Timestamp) -> Pending<Vec<Appended>> {
        self.0.append(batch, now)
    }
    fn read(&self, partition: PartitionId, from: Offset, records_max: usize, bytes_max: usize) -> Pending<Page> {
        self.0.read(partition, from, records_max, bytes_max)
    }
    fn offset_at_time(&self, partition: PartitionId, time: Timestamp) -> Pending<Offset> {
        self.0.offset_at_time(partition, time)
    }
    fn close(&self, partition: PartitionId, now: Timestamp) -> Pending<Offset> {
        self.0.close(partition, now)
    }
    fn bounds(&self, partition: PartitionId) -> Option<Bounds> {
        self.0.bounds(partition)
    }
    fn watch(&self, partition: PartitionId) -> watch::Receiver<Offset> {
        self.0.watch(partition)
    }
    fn trim(&self, _: PartitionId, _: Offset) -> Pending<()> {
        Box::pin(std::future::ready(Err(LogError::Overloaded)))
    }
    fn drop_partition(&self, partition: PartitionId) -> Pending<()> {
        self.0.drop_partition(partition)
    }
    fn bytes_appended(&self) -> u64 {
        self.0.bytes_appended()
    }
    fn shutdown(&self) -> Pending<()> {
        self.0.shutdown()
    }
}

#[tokio::test]
async fn a_durable_commit_is_a_success_whatever_the_trim_says() {
    let log = Arc::<NoTrim>::default();
    let commands = CommandLog::open(log.clone(), Arc::new(SystemClock), HashMap::new()).await.unwrap();
    let streams = Streams::new(Parts {
        catalog: Arc::<Catalog>::default(),
        log,
        commands: Arc::new(commands),
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        token_secret: [1; 32],
        master_keys: Arc::new(streams::NoMasterKeys),
        config: streams::StreamsConfig::default(),
    });
    let checkpoints = PartitionId::opened_by(Offset(1), 0);
    for step in 0..100 {
        let commit = Commit { checkpoint: (checkpoints, Bytes::from(step.to_string())), outputs: Vec::new() };
        streams.commit(commit).await.unwrap();
    }
    assert_eq!(streams.load_checkpoint(checkpoints).await.unwrap().unwrap(), "99");
}
