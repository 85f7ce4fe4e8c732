//! GetRecords: one page from an iterator.

use std::sync::Arc;

use bytes::Bytes;
use log::{Bounds, LogError, Page, StoredRecord};
use types::{Epoch, Offset, PartitionId, Record, SequenceNumber, Timestamp, limits};

use crate::encryption::{Opener, is_sealed};
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
        let place = Place { stream: Some(&stream), partition: shard.partition, epoch: shard.epoch };
        let bytes_max = limits::GET_RECORDS_BYTES_MAX;
        let Read { records, bounds, next } = self.read_retained(place, token.next, cutoff, limit, bytes_max).await?;
        let caught_up = next >= bounds.end;
        let millis_behind_latest = match records.last() {
            _ if caught_up => 0,
            Some(last) => now.since(last.arrival).as_millis() as u64,
            None => now.since(bounds.last_time).as_millis() as u64,
        };
        // The log may have closed it a moment before its children are known; a reader is told of both together.
        let ended = shard.closed.is_some() && caught_up;
        let children = if ended { stream.children(shard.id) } else { Vec::new() };
        let next_iterator = (!ended).then(|| self.issue(stream.epoch, shard.id, next));
        let bytes = records.iter().map(|record| (record.partition_key.len() + record.data.len()) as u64).sum();
        self.throttles.shards.was_read(shard.partition, bytes, now);
        Ok(GetPage { records, next_iterator, millis_behind_latest, children, stream })
    }

    /// Reads from `from` or, where that is trimmed or older than `cutoff`, from the oldest record that is not. A page ends
    /// before a record that cannot be opened; one that would begin with it is the error.
    pub(crate) async fn read_retained(
        &self,
        place: Place<'_>,
        from: Offset,
        cutoff: Timestamp,
        records_max: usize,
        bytes_max: usize,
    ) -> Result<Read, StreamsError> {
        let (partition, mut from) = (place.partition, from);
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
            return self.opened(place, from, page);
        }
    }

    fn opened(&self, place: Place<'_>, from: Offset, page: Page) -> Result<Read, StreamsError> {
        let parts = &self.parts;
        let mut opener = place.stream.map(|stream| self.keyring.opener(parts, stream, (place.partition, place.epoch)));
        let (mut records, mut next) = (Vec::with_capacity(page.records.len()), from);
        for record in page.records {
            let after = record.offset.next();
            match to_record(place.epoch, opener.as_mut(), record) {
                Ok(record) => records.push(record),
                Err(error) if records.is_empty() => return Err(error),
                // What can be read is read first; who goes on is told then.
                Err(_) => break,
            }
            next = after;
        }
        Ok(Read { records, bounds: page.bounds, next })
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

/// What is read, and with what it opens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The stream, whose records may be sealed; none for a buffer.
    pub(crate) stream: Option<&'a Stream>,
    pub(crate) partition: PartitionId,
    /// Of the shard.
    pub(crate) epoch: Epoch,
}

/// A page, and the offset after it.
pub(crate) struct Read {
    pub(crate) records: Vec<Record>,
    pub(crate) bounds: Bounds,
    pub(crate) next: Offset,
}

/// The one place where what is in the log becomes what readers get.
fn to_record(epoch: Epoch, opener: Option<&mut Opener<'_>>, record: StoredRecord) -> Result<Record, StreamsError> {
    if let Some(opener) = opener
        && is_sealed(&record.key)
    {
        return opener.open(&record);
    }
    Ok(Record {
        sequence_number: SequenceNumber::of(epoch, record.offset),
        arrival: record.time,
        partition_key: text(record.key),
        data: record.value,
        encrypted: false,
    })
}

/// Keys were strings when they were put; what is not UTF-8 any more is shown as such instead of lost.
fn text(key: Bytes) -> String {
    String::from_utf8(key.into()).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
