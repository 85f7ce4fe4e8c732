//! The one task that owns a flow: it reads the source, fills the buffer, and flushes it when it is due.
//!
//! While a flush is going on nothing new is asked for, so memory holds one object and the few pages of the source. A worker that is dropped at
//! any moment loses nothing: the next one starts at the last checkpoint and delivers again what came after it.

use std::sync::Arc;
use std::time::Duration;

use streams::CursorPage;
use tokio::sync::watch;
use types::{Backoff, Clock};

use crate::buffer::Buffer;
use crate::checkpoint::{self, Positions};
use crate::flow::Flow;
use crate::flush::{Deleted, Flush};
use crate::service::Parts;
use crate::source::{self, Read, Source};
use crate::stats::Meter;

/// How long a shutdown reads what is durable but not yet in memory; the rest is delivered after the restart.
const DRAIN_MAX: Duration = Duration::from_secs(10);

/// What a worker is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Run {
    /// Go on.
    On,
    /// Deliver what is there and stop.
    Shutdown,
    /// Deliver what is in memory if that works at once, and stop.
    Delete,
}

/// See the module text.
pub(crate) struct Worker {
    flow: Arc<Flow>,
    clock: Arc<dyn Clock>,
    source: Source,
    buffer: Buffer,
    flush: Flush,
    meter: Arc<Meter>,
    run: watch::Receiver<Run>,
    /// The last checkpoint.
    delivered: Positions,
}

enum Step {
    Stop(Run),
    Due,
    Read(Box<Read>),
    Refresh,
}

/// What a worker hears from outside.
pub(crate) struct Orders {
    /// Whether to go on.
    pub(crate) run: watch::Receiver<Run>,
    /// How long records wait at most.
    pub(crate) interval: watch::Receiver<Duration>,
}

/// Delivers until it is told to stop.
pub(crate) async fn run(parts: Arc<Parts>, flow: Arc<Flow>, meter: Arc<Meter>, orders: Orders) {
    let Orders { run, interval } = orders;
    let Some(delivered) = load(&parts, &flow, run.clone()).await else { return };
    meter.counts().delivered = delivered.clone();
    let worker = Worker {
        clock: parts.clock.clone(),
        source: Source::new(parts.streams.clone(), parts.clock.clone(), flow.clone(), delivered.clone()),
        buffer: Buffer::new(parts.clock.clone(), flow.clone(), interval),
        flush: Flush {
            flow: flow.clone(),
            buckets: parts.buckets.clone(),
            streams: parts.streams.clone(),
            clock: parts.clock.clone(),
            random: parts.random.clone(),
            meter: meter.clone(),
            run: run.clone(),
        },
        flow,
        meter,
        run,
        delivered,
    };
    // Deleted: its partitions are dropped by whoever deleted it.
    let _deleted = worker.work().await;
}

/// The last checkpoint, or where creation said to start; `None` when it is told to stop before it could be read.
async fn load(parts: &Parts, flow: &Flow, mut run: watch::Receiver<Run>) -> Option<Positions> {
    let mut backoff = Backoff::default();
    loop {
        let error = match parts.streams.load_checkpoint(flow.checkpoints).await {
            Ok(None) => return Some(flow.starts.iter().copied().collect()),
            Ok(Some(bytes)) => match checkpoint::decode(&bytes) {
                Ok(positions) => return Some(positions),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        tracing::error!(%flow, %error, "the checkpoint cannot be read; it is tried again");
        let wait = parts.clock.sleep(backoff.next(&*parts.random));
        tokio::select! {
            () = wait => {}
            _ = run.wait_for(|run| *run != Run::On) => return None,
        }
    }
}

impl Worker {
    async fn work(mut self) -> Result<(), Deleted> {
        self.source.refresh().await;
        loop {
            match self.step().await {
                Step::Due => self.flush().await?,
                Step::Read(read) => self.take(*read).await?,
                Step::Refresh => self.source.refresh().await,
                Step::Stop(Run::Delete) => return self.flush().await,
                Step::Stop(_) => return self.drain().await,
            }
        }
    }

    async fn step(&mut self) -> Step {
        tokio::select! {
            biased;
            run = stopped(&mut self.run) => Step::Stop(run),
            () = self.buffer.due() => Step::Due,
            read = self.source.next() => read.map_or(Step::Refresh, |read| Step::Read(Box::new(read))),
        }
    }

    /// Buffers a page, flushing whenever an object is full, and reads on.
    async fn take(&mut self, read: Read) -> Result<(), Deleted> {
        let partition = read.partition;
        let page = match &read.page {
            Ok(held) => &held.page,
            Err(error) => {
                // The next refresh opens the partition again.
                tracing::warn!(flow = %self.flow, %error, "a read of the source failed");
                return Ok(());
            }
        };
        self.count(page);
        for record in &page.records {
            let Some(offset) = record.sequence_number.offset() else { continue };
            let skipped = self.source.position(partition).map_or(0, |expected| offset.0.saturating_sub(expected.0));
            if skipped > 0 {
                self.meter.lost(skipped);
                tracing::error!(flow = %self.flow, records = skipped, "records lost: they expired in the source before they were delivered");
            }
            self.source.advance(partition, offset.next());
            let is_full = match read.opened(record) {
                Some(payloads) => self.buffer.push(partition, offset, record, &payloads),
                None => self.buffer.push(partition, offset, record, std::slice::from_ref(&record.data)),
            };
            if is_full {
                self.flush().await?;
            }
        }
        self.meter.counts().oldest = self.buffer.oldest();
        if page.ended {
            self.source.end(partition);
            self.source.refresh().await;
        } else {
            self.source.resume(read);
        }
        Ok(())
    }

    /// Puts count themselves.
    fn count(&self, page: &CursorPage) {
        if self.flow.source.stream_arn().is_some() {
            let bytes: usize = page.records.iter().map(|record| record.data.len()).sum();
            self.meter.took(page.records.len() as u64, bytes as u64);
        }
    }

    async fn flush(&mut self) -> Result<(), Deleted> {
        let Some(batch) = self.buffer.take() else { return Ok(()) };
        let mut positions = self.delivered.clone();
        positions.extend(batch.positions.iter().map(|(partition, next)| (*partition, *next)));
        positions.retain(|partition, _| self.source.knows(*partition));
        self.meter.counts().oldest = Some(batch.oldest);
        self.flush.flush(batch, positions.clone()).await?;
        self.delivered = positions;
        self.meter.counts().oldest = self.buffer.oldest();
        Ok(())
    }

    /// Reads to what is the end now, within [`DRAIN_MAX`], and flushes.
    async fn drain(&mut self) -> Result<(), Deleted> {
        let mut time_is_up = self.clock.sleep(DRAIN_MAX);
        // A source that is gone has nothing left to read.
        let ends = source::ends(&self.flush.streams, &self.flow).await.unwrap_or_default();
        while ends.iter().any(|(partition, end)| self.source.is_before(*partition, *end)) {
            let read = tokio::select! {
                biased;
                () = &mut time_is_up => break,
                read = self.source.next() => read,
            };
            match read {
                Some(read) => self.take(read).await?,
                None => self.source.refresh().await,
            }
        }
        self.flush().await
    }
}

/// Completes when the worker is told to stop, or everybody who could tell it is gone.
async fn stopped(run: &mut watch::Receiver<Run>) -> Run {
    match run.wait_for(|run| *run != Run::On).await {
        Ok(run) => *run,
        Err(_) => Run::Shutdown,
    }
}
