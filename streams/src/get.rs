//! GetRecords: one page from an iterator.

use std::sync::Arc;

use bytes::Bytes;
use log::{LogError, Page, StoredRecord};
use types::{Epoch, Offset, PartitionId, Record, SequenceNumber, Timestamp, limits};

use crate::{Shard, Stream, Streams, StreamsError};

/// What GetRecords answers.
#[derive(Debug, Clone)]
pub struct GetPage {
    /// The stream read, so that the caller can check an ARN that came with the iterator.
    pub stream: Arc<Stream>,
    /// The records, in order.
    pub records: Vec<Record>,
    /// Where to go on; `None` at the end of a closed shard.
    pub next_iterator: Option<String>,
    /// How far the page is behind the newest record.
    pub millis_behind_latest: u64,
    /// The shards that continue a closed one, given only at its end.
    pub children: Vec<Shard>,
}

impl Streams {
    /// Reads at most `limit` records (`None`: 10,000) and 10 MiB at an iterator.
    pub async fn get_records(&self, iterator: &str, limit: Option<usize>) -> Result<GetPage, StreamsError> {
        let token = self.open_iterator(iterator)?;
        let stream = self.parts.catalog.current().by_epoch(token.stream).cloned();
        let gone = || StreamsError::NotFound(format!("Shard {} of the iterator does not exist any more.", token.shard));
        let stream = stream.filter(|stream| stream.serves()).ok_or_else(gone)?;
        let shard = stream.shard(token.shard).ok_or_else(gone)?;
        let limit = limit.unwrap_or(limits::GET_RECORDS_COUNT_MAX).min(limits::GET_RECORDS_COUNT_MAX);

        let now = self.parts.clock.now();
        if !self.throttles.shards.read(shard.partition, now) {
            return Err(stream.over_rate(shard.id));
        }
        let cutoff = stream.oldest(now);
        let read =
            self.read_retained(shard.partition, token.next, cutoff, limit, limits::GET_RECORDS_BYTES_MAX).await?;
        let (page, next) = (read.page, read.next);
        let caught_up = next >= page.bounds.end;
        let millis_behind_latest = match page.records.last() {
            _ if caught_up => 0,
            Some(last) => now.since(last.time).as_millis() as u64,
            None => now.since(page.bounds.last_time).as_millis() as u64,
        };
        // The log may have closed it a moment before its children are known; a reader is told of both together.
        let ended = shard.closed.is_some() && caught_up;
        let children = if ended { stream.children(shard.id) } else { Vec::new() };
        let next_iterator = (!ended).then(|| self.issue(stream.epoch, shard.id, next));
        let bytes = page.records.iter().map(|record| (record.key.len() + record.value.len()) as u64).sum();
        self.throttles.shards.was_read(shard.partition, bytes, now);
        let records = page.records.into_iter().map(|record| to_record(shard.epoch, record)).collect();
        Ok(GetPage { records, next_iterator, millis_behind_latest, children, stream })
    }

    /// Reads from `from` or, where that is trimmed or older than `cutoff`, from the oldest record that is not.
    pub(crate) async fn read_retained(
        &self,
        partition: PartitionId,
        from: Offset,
        cutoff: Timestamp,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Read, StreamsError> {
        let mut from = from;
        loop {
            let page = match self.parts.log.read(partition, from, records_max, bytes_max).await {
                Ok(page) => page,
                Err(LogError::Trimmed { start, .. }) => {
                    from = start;
                    continue;
                }
                Err(LogError::NoPartition(_)) => Page { records: Vec::new(), bounds: self.bounds(partition) },
                Err(error) => return Err(error.into()),
            };
            if page.records.first().is_some_and(|first| first.time < cutoff) {
                // Strictly forward: the first record is older than the cutoff, so the answer is past it.
                from = self.offset_at_time(partition, cutoff).await?.max(from.next());
                continue;
            }
            let next = page.records.last().map_or(from, |last| last.offset.next());
            return Ok(Read { page, next });
        }
    }

    /// The first offset that arrived at `time` or later; zero for a partition that nothing was appended to.
    pub(crate) async fn offset_at_time(&self, partition: PartitionId, time: Timestamp) -> Result<Offset, StreamsError> {
        match self.parts.log.offset_at_time(partition, time).await {
            Ok(offset) => Ok(offset),
            Err(LogError::NoPartition(_)) => Ok(Offset::ZERO),
            Err(error) => Err(error.into()),
        }
    }
}

/// A page, and the offset after it.
pub(crate) struct Read {
    pub(crate) page: Page,
    pub(crate) next: Offset,
}

pub(crate) fn to_record(epoch: Epoch, record: StoredRecord) -> Record {
    Record {
        sequence_number: SequenceNumber::of(epoch, record.offset),
        arrival: record.time,
        partition_key: text(record.key),
        data: record.value,
    }
}

/// Keys were strings when they were put; what is not UTF-8 any more is shown as such instead of lost.
fn text(key: Bytes) -> String {
    String::from_utf8(key.into()).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
