//! A log in memory: the model that engines are compared with, and a quick stand-in for tests of the rooms above.
//! Nothing in it survives the process.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use types::{Offset, PartitionId, Timestamp};

use crate::LogError;
use crate::interface::{Appended, Bounds, Log, Page, PartitionAppend, Pending, StoredRecord};

/// See the module text.
#[derive(Debug, Default)]
pub struct MemoryLog {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    partitions: HashMap<PartitionId, Partition>,
    watchers: HashMap<PartitionId, watch::Sender<Offset>>,
    dropped: HashSet<PartitionId>,
    bytes: u64,
    stopped: bool,
}

#[derive(Debug, Default)]
struct Partition {
    records: Vec<StoredRecord>,
    start: Offset,
    closed: Option<Timestamp>,
    last_time: Timestamp,
}

impl Partition {
    fn bounds(&self) -> Bounds {
        Bounds {
            start: self.start,
            end: Offset(self.records.len() as u64),
            closed: self.closed,
            last_time: self.last_time,
        }
    }
}

impl State {
    fn running(&self) -> Result<(), LogError> {
        if self.stopped { Err(LogError::Stopped("shut down".into())) } else { Ok(()) }
    }

    fn known(&mut self, partition: PartitionId) -> Result<&mut Partition, LogError> {
        self.partitions.get_mut(&partition).ok_or(LogError::NoPartition(partition))
    }

    fn announce(&mut self, partition: PartitionId) {
        let end = self.partitions.get(&partition).map_or(Offset::ZERO, |p| p.bounds().end);
        self.watchers.entry(partition).or_insert_with(|| watch::Sender::new(end)).send_replace(end);
    }

    fn append(&mut self, batch: Vec<PartitionAppend>, now: Timestamp) -> Result<Vec<Appended>, LogError> {
        self.running()?;
        for part in &batch {
            if self.dropped.contains(&part.partition) {
                return Err(LogError::NoPartition(part.partition));
            }
            if self.partitions.get(&part.partition).is_some_and(|p| p.closed.is_some()) {
                return Err(LogError::Closed(part.partition));
            }
        }
        let mut answers = Vec::with_capacity(batch.len());
        for part in batch {
            let partition = self.partitions.entry(part.partition).or_default();
            let time = now.max(partition.last_time);
            let first = partition.bounds().end;
            if !part.records.is_empty() {
                partition.last_time = time;
            }
            for record in part.records {
                self.bytes += (record.key.len() + record.value.len()) as u64;
                let offset = Offset(partition.records.len() as u64);
                partition.records.push(StoredRecord { offset, time, key: record.key, value: record.value });
            }
            answers.push(Appended { first, time });
            self.announce(part.partition);
        }
        Ok(answers)
    }

    fn read(&mut self, id: PartitionId, from: Offset, records_max: usize, bytes_max: usize) -> Result<Page, LogError> {
        let partition = self.known(id)?;
        let bounds = partition.bounds();
        if from < bounds.start {
            return Err(LogError::Trimmed { partition: id, offset: from, start: bounds.start });
        }
        let mut bytes = 0_usize;
        let rest = usize::try_from(from.0).ok().and_then(|from| partition.records.get(from..)).unwrap_or_default();
        let records = rest
            .iter()
            .take(records_max)
            .enumerate()
            .take_while(|(index, record)| {
                bytes = bytes.saturating_add(record.key.len() + record.value.len());
                *index == 0 || bytes <= bytes_max
            })
            .map(|(_, record)| record.clone())
            .collect();
        Ok(Page { records, bounds })
    }

    fn close(&mut self, id: PartitionId, now: Timestamp) -> Result<Offset, LogError> {
        self.running()?;
        if self.dropped.contains(&id) {
            return Err(LogError::NoPartition(id));
        }
        let partition = self.partitions.entry(id).or_default();
        if partition.closed.is_none() {
            partition.last_time = now.max(partition.last_time);
            partition.closed = Some(partition.last_time);
        }
        let end = partition.bounds().end;
        self.announce(id);
        Ok(end)
    }

    fn trim(&mut self, id: PartitionId, before: Offset) -> Result<(), LogError> {
        self.running()?;
        let partition = self.known(id)?;
        partition.start = partition.start.max(before.min(partition.bounds().end));
        Ok(())
    }

    fn forget(&mut self, id: PartitionId) -> Result<(), LogError> {
        self.running()?;
        self.partitions.remove(&id);
        self.watchers.remove(&id);
        self.dropped.insert(id);
        Ok(())
    }

    fn offset_at_time(&mut self, id: PartitionId, time: Timestamp) -> Result<Offset, LogError> {
        let partition = self.known(id)?;
        let index = partition.records.partition_point(|record| record.time < time) as u64;
        Ok(Offset(index).max(partition.start))
    }
}

fn ready<T: Send + 'static>(answer: Result<T, LogError>) -> Pending<T> {
    Box::pin(std::future::ready(answer))
}

impl MemoryLog {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log for MemoryLog {
    fn append(&self, batch: Vec<PartitionAppend>, now: Timestamp) -> Pending<Vec<Appended>> {
        ready(self.state().append(batch, now))
    }

    fn read(&self, partition: PartitionId, from: Offset, records_max: usize, bytes_max: usize) -> Pending<Page> {
        ready(self.state().read(partition, from, records_max, bytes_max))
    }

    fn offset_at_time(&self, partition: PartitionId, time: Timestamp) -> Pending<Offset> {
        ready(self.state().offset_at_time(partition, time))
    }

    fn close(&self, partition: PartitionId, now: Timestamp) -> Pending<Offset> {
        ready(self.state().close(partition, now))
    }

    fn bounds(&self, partition: PartitionId) -> Option<Bounds> {
        self.state().partitions.get(&partition).map(Partition::bounds)
    }

    fn watch(&self, partition: PartitionId) -> watch::Receiver<Offset> {
        let mut state = self.state();
        let end = state.partitions.get(&partition).map_or(Offset::ZERO, |p| p.bounds().end);
        state.watchers.entry(partition).or_insert_with(|| watch::Sender::new(end)).subscribe()
    }

    fn trim(&self, partition: PartitionId, before: Offset) -> Pending<()> {
        ready(self.state().trim(partition, before))
    }

    fn drop_partition(&self, partition: PartitionId) -> Pending<()> {
        ready(self.state().forget(partition))
    }

    fn bytes_appended(&self) -> u64 {
        self.state().bytes
    }

    fn shutdown(&self) -> Pending<()> {
        self.state().stopped = true;
        ready(Ok(()))
    }
}
