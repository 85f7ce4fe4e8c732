//! Where a flow reads: its own buffer, or every shard of a stream.
//!
//! One read waits on each partition; those that are ready share a few pages of memory, however many shards there are. A
//! record that the producer library aggregated is opened here, as Firehose does, while positions stay those of whole
//! records. A shard that was made
//! by a reshard is read after its parents are read to their ends, so the order of a partition key survives the
//! reshard. A stream that is deleted is waited for: one created anew under its name is read from its beginning.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use streams::aggregation::deaggregate;
use streams::{HeldPage, PageBudget, ShardCursor, Start, Stream, Streams, StreamsError};
use types::{Clock, HashRange, Offset, PartitionId, Record, Sleep};

use crate::checkpoint::Positions;
use crate::config::SourceConfig;
use crate::flow::Flow;

/// Records and bytes of one page: enough to keep the log busy, small beside the smallest buffer of 1 MiB.
const PAGE_RECORDS_MAX: usize = 10_000;
const PAGE_BYTES_MAX: usize = 1 << 20;
/// Pages in memory at a time, of all partitions together.
const PAGES_MAX: usize = 8;
/// How often a source looks for new shards and tries again what failed.
const RECHECK: Duration = Duration::from_secs(1);

type Reading = Pin<Box<dyn Future<Output = Read> + Send>>;

/// What one partition gave.
pub(crate) struct Read {
    pub(crate) partition: PartitionId,
    pub(crate) page: Result<HeldPage, StreamsError>,
    cursor: ShardCursor,
    shard: Option<HashRange>,
}

impl Read {
    /// The user records of an aggregate that belong to the shard, which may be none; `None` for a record that is one
    /// itself. A buffer has no shard: what was put into it directly is delivered as it is.
    pub(crate) fn opened(&self, record: &Record) -> Option<Vec<Bytes>> {
        let aggregate = deaggregate(&record.data, self.shard?)?;
        Some(aggregate.payloads().collect())
    }
}

/// See the module text.
pub(crate) struct Source {
    streams: Streams,
    clock: Arc<dyn Clock>,
    flow: Arc<Flow>,
    /// The next record to read. Ahead of the checkpoint by what is buffered.
    positions: Positions,
    reading: BTreeSet<PartitionId>,
    ended: BTreeSet<PartitionId>,
    pages: FuturesUnordered<Reading>,
    budget: PageBudget,
    recheck: Sleep,
    missing: bool,
}

impl Source {
    /// A source that goes on at `positions`; it reads nothing before the first [`Self::refresh`].
    pub(crate) fn new(streams: Streams, clock: Arc<dyn Clock>, flow: Arc<Flow>, positions: Positions) -> Self {
        let recheck = clock.sleep(RECHECK);
        let (reading, ended) = Default::default();
        Self {
            streams,
            clock,
            flow,
            positions,
            reading,
            ended,
            pages: FuturesUnordered::new(),
            budget: PageBudget::new(PAGES_MAX, PAGE_RECORDS_MAX, PAGE_BYTES_MAX),
            recheck,
            missing: false,
        }
    }

    /// The next page of any partition; `None` when it is time to [`Self::refresh`]. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<Read> {
        tokio::select! {
            // First, or a source that always has a page would never look for new shards.
            biased;
            () = &mut self.recheck => None,
            Some(read) = self.pages.next() => {
                self.reading.remove(&read.partition);
                Some(read)
            }
        }
    }

    /// Records of `partition` before `next` are buffered now.
    pub(crate) fn advance(&mut self, partition: PartitionId, next: Offset) {
        self.positions.insert(partition, next);
    }

    /// Where reading stands in a partition, if it is known.
    pub(crate) fn position(&self, partition: PartitionId) -> Option<Offset> {
        self.positions.get(&partition).copied()
    }

    /// Reads on where `read` ended.
    pub(crate) fn resume(&mut self, read: Read) {
        self.read_on(read.partition, read.cursor, read.shard);
    }

    /// Marks a closed shard as read to its end; its children may start with the next refresh.
    pub(crate) fn end(&mut self, partition: PartitionId) {
        self.ended.insert(partition);
    }

    fn read_on(&mut self, partition: PartitionId, mut cursor: ShardCursor, shard: Option<HashRange>) {
        self.reading.insert(partition);
        let budget = self.budget.clone();
        self.pages.push(Box::pin(async move {
            let page = cursor.next_page_within(&budget).await;
            Read { partition, page, cursor, shard }
        }));
    }

    /// Starts to read what is not read yet: new shards, and partitions whose last read failed.
    pub(crate) async fn refresh(&mut self) {
        self.recheck = self.clock.sleep(RECHECK);
        let started = match self.flow.source.clone() {
            SourceConfig::DirectPut { .. } => self.refresh_buffer().await,
            SourceConfig::Stream { scope, stream, .. } => match self.streams.stream(&scope, &stream) {
                Ok(source) => self.refresh_shards(&source).await,
                Err(error) => Err(error),
            },
        };
        match started {
            Ok(()) => self.missing = false,
            Err(error) if !self.missing => {
                self.missing = true;
                tracing::warn!(flow = %self.flow, %error, "a source of records cannot be read; it is waited for");
            }
            Err(_) => {}
        }
    }

    async fn refresh_buffer(&mut self) -> Result<(), StreamsError> {
        let (Some(partition), epoch) = (self.flow.buffer, self.flow.epoch) else { return Ok(()) };
        if !self.reading.contains(&partition) {
            let start = self.start(partition);
            let cursor = self.streams.buffer_cursor(partition, epoch, start).await?;
            self.read_on(partition, cursor, None);
        }
        Ok(())
    }

    async fn refresh_shards(&mut self, source: &Stream) -> Result<(), StreamsError> {
        for shard in &source.shards {
            let is_read = self.reading.contains(&shard.partition) || self.ended.contains(&shard.partition);
            let parents = shard.parents.iter().filter_map(|id| source.shard(*id));
            // Read to its end, not only not being read: a parent may itself still wait for its own parents.
            let waits = parents.into_iter().any(|parent| !self.ended.contains(&parent.partition));
            if !is_read && !waits {
                let start = self.start(shard.partition);
                let cursor = self.streams.shard_cursor(source, shard, start).await?;
                self.read_on(shard.partition, cursor, Some(shard.range));
            }
        }
        self.forget_strangers(source);
        Ok(())
    }

    fn start(&self, partition: PartitionId) -> Start {
        self.position(partition).map_or(Start::Horizon, Start::At)
    }

    /// Shards that the stream no longer has: expired, or of a deleted stream whose name is used again.
    fn forget_strangers(&mut self, source: &Stream) {
        let known: BTreeSet<_> = source.shards.iter().map(|shard| shard.partition).collect();
        self.ended.retain(|partition| known.contains(partition));
        let reading = &self.reading;
        self.positions.retain(|partition, _| known.contains(partition) || reading.contains(partition));
    }

    /// Whether there are records of `partition` before `end` that were not read.
    pub(crate) fn is_before(&self, partition: PartitionId, end: Offset) -> bool {
        !self.ended.contains(&partition) && self.position(partition).unwrap_or(Offset::ZERO) < end
    }

    /// Whether a checkpoint still needs the partition's position.
    pub(crate) fn knows(&self, partition: PartitionId) -> bool {
        self.positions.contains_key(&partition)
    }
}

/// The durable end of each partition that a flow reads.
pub(crate) async fn ends(streams: &Streams, flow: &Flow) -> Result<Positions, StreamsError> {
    let mut ends = Positions::new();
    match &flow.source {
        SourceConfig::DirectPut { .. } => {
            if let Some(buffer) = flow.buffer {
                let cursor = streams.buffer_cursor(buffer, flow.epoch, Start::Latest).await?;
                ends.insert(buffer, cursor.position());
            }
        }
        SourceConfig::Stream { scope, stream, .. } => {
            let source = streams.stream(scope, stream)?;
            for shard in &source.shards {
                let cursor = streams.shard_cursor(&source, shard, Start::Latest).await?;
                ends.insert(shard.partition, cursor.position());
            }
        }
    }
    Ok(ends)
}
