//! PutRecord and PutRecords: hash, route, one atomic append, sequence numbers.

use bytes::Bytes;
use log::{Appended, LogError, NewRecord, PartitionAppend};
use types::{HashKey, Offset, Scope, SequenceNumber, ShardId, StreamName, limits};

use crate::service::not_found;
use crate::{Stream, Streams, StreamsError};

/// One record to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutEntry {
    /// Chooses the shard by its MD5, 1 to 256 characters.
    pub partition_key: String,
    /// Chooses the shard itself when present: a decimal number below 2^128.
    pub explicit_hash_key: Option<String>,
    /// The payload.
    pub data: Bytes,
}

impl PutEntry {
    /// Bytes that count against limits and rates: data and partition key.
    pub fn size(&self) -> usize {
        self.data.len() + self.partition_key.len()
    }
}

/// Where a record went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// Its shard.
    pub shard: ShardId,
    /// Its position.
    pub sequence_number: SequenceNumber,
}

/// Why one record of a batch was not taken while the call as a whole was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutFailure {
    /// The shard is over its rate, or the log is full: retry that record.
    Throttled(String),
    /// The server failed on that record.
    Internal(String),
}

impl Streams {
    /// Puts records; answers in request order when all that were taken are durable. A wrong entry refuses the call.
    pub async fn put_records(
        &self,
        scope: &Scope,
        name: &StreamName,
        entries: Vec<PutEntry>,
    ) -> Result<Vec<Result<Placed, PutFailure>>, StreamsError> {
        let stream = self.stream(scope, name)?;
        check_total(&entries)?;
        let routed = route(&stream, entries)?;
        let (parts, places) = (routed.parts, routed.places);
        match self.parts.log.append(parts, self.parts.clock.now()).await {
            Ok(appended) => Ok(places.iter().map(|place| Ok(place.placed(&stream, &appended))).collect()),
            Err(LogError::Overloaded) => {
                let message = format!("Rate exceeded for stream {name} under account {}.", scope.account);
                Ok(places.iter().map(|_| Err(PutFailure::Throttled(message.clone()))).collect())
            }
            Err(LogError::NoPartition(_)) => Err(not_found(scope, name)),
            Err(error) => Err(error.into()),
        }
    }
}

impl Streams {
    /// Whether a put of these records would be taken: everything that [`Self::put_records`] checks, and no write.
    pub fn check_records(&self, scope: &Scope, name: &StreamName, entries: Vec<PutEntry>) -> Result<(), StreamsError> {
        check_total(&entries)?;
        route(&*self.stream(scope, name)?, entries).map(|_| ())
    }
}

/// A batch sorted by shard, and where each of its entries went in it.
pub(crate) struct Routed {
    /// One part for each shard that has records.
    pub(crate) parts: Vec<PartitionAppend>,
    places: Vec<Place>,
}

/// The place of one entry: its shard's index in the stream, its part of the append, its index in the part.
struct Place {
    shard: usize,
    part: usize,
    index: u64,
}

impl Place {
    fn placed(&self, stream: &Stream, appended: &[Appended]) -> Placed {
        let shard = &stream.shards[self.shard];
        let offset = Offset(appended[self.part].first.0 + self.index);
        Placed { shard: shard.id, sequence_number: SequenceNumber::of(shard.epoch, offset) }
    }
}

/// Checks and routes a batch. Keeps the order of entries within each shard.
pub(crate) fn route(stream: &Stream, entries: Vec<PutEntry>) -> Result<Routed, StreamsError> {
    check_sizes(stream, &entries)?;
    let mut part_of_shard: Vec<Option<usize>> = vec![None; stream.shards.len()];
    let mut routed = Routed { parts: Vec::new(), places: Vec::with_capacity(entries.len()) };
    for entry in entries {
        let shard = stream.route(hash_key(&entry)?);
        let part = *part_of_shard[shard].get_or_insert_with(|| {
            routed.parts.push(PartitionAppend { partition: stream.shards[shard].partition, records: Vec::new() });
            routed.parts.len() - 1
        });
        let records = &mut routed.parts[part].records;
        routed.places.push(Place { shard, part, index: records.len() as u64 });
        records.push(NewRecord { key: Bytes::from(entry.partition_key), value: entry.data });
    }
    Ok(routed)
}

fn hash_key(entry: &PutEntry) -> Result<HashKey, StreamsError> {
    match &entry.explicit_hash_key {
        None => Ok(HashKey::of_partition_key(&entry.partition_key)),
        Some(text) => HashKey::parse(text).ok_or_else(|| {
            StreamsError::Invalid(format!(
                "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. Specified value was {text}"
            ))
        }),
    }
}

fn check_sizes(stream: &Stream, entries: &[PutEntry]) -> Result<(), StreamsError> {
    match entries.iter().map(PutEntry::size).find(|size| *size > stream.record_bytes_max) {
        None => Ok(()),
        Some(size) => Err(StreamsError::Invalid(format!(
            "Record of {size} bytes exceeds the maximum record size of {} bytes of stream {}.",
            stream.record_bytes_max, stream.name
        ))),
    }
}

/// A rule of the API only: a consumer's commit may be larger than one call of a client.
fn check_total(entries: &[PutEntry]) -> Result<(), StreamsError> {
    let total: usize = entries.iter().map(PutEntry::size).sum();
    if total > limits::PUT_RECORDS_BYTES_MAX {
        let limit = limits::PUT_RECORDS_BYTES_MAX;
        return Err(StreamsError::Invalid(format!("Records size exceeds {limit} bytes limit: {total} bytes.")));
    }
    Ok(())
}
