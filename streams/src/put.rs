//! PutRecord and PutRecords: hash, route, one atomic append, sequence numbers.
//!
//! A reshard closes a shard in the log before its children are known. A put that meets the closed shard waits for
//! them and is routed again, so a record is never put behind the end of its shard, nor before it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use log::{Appended, LogError, NewRecord, PartitionAppend};
use types::{HashKey, Offset, Scope, SequenceNumber, ShardId, StreamName, Timestamp, limits};

use crate::encryption::Sealer;
use crate::scaling::Load;
use crate::service::not_found;
use crate::throttle::ShardThrottle;
use crate::{Distribution, Stream, StreamMode, Streams, StreamsError};

/// How long a put waits for the children of a closed shard; two flushes are usual.
const RESHARD_WAIT: Duration = Duration::from_secs(10);

/// One record to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutEntry {
    /// Chooses the shard by its MD5, UTF-8 of 1 to 256 characters. It may be missing where the service distributes
    /// records.
    pub partition_key: Option<Bytes>,
    /// Chooses the shard itself when present: a decimal number below 2^128.
    pub explicit_hash_key: Option<String>,
    /// The payload.
    pub data: Bytes,
}

impl PutEntry {
    /// Bytes that count against limits and rates: data and partition key.
    pub fn size(&self) -> usize {
        self.data.len() + self.partition_key.as_ref().map_or(0, Bytes::len)
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
    Throttled {
        /// The shard; `None` when it is the whole log that is full.
        shard: Option<ShardId>,
        /// What the client is told.
        message: String,
    },
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
        let stream = self.serving(scope, name)?;
        check_total(&entries)?;
        let batch = Batch::new(self, &stream, entries)?;
        let appended = self.append_open(vec![(stream, batch)], None, true).await;
        match appended {
            Ok(Written { routed, appended, .. }) => {
                Ok(routed.iter().flat_map(|routed| routed.placed(&appended)).collect())
            }
            Err(Refused { error, count }) => match error {
                StreamsError::Log(LogError::Overloaded | LogError::Closed(_)) => {
                    let message = format!("Rate exceeded for stream {name} under account {}.", scope.account);
                    let failed = || PutFailure::Throttled { shard: None, message: message.clone() };
                    Ok((0..count).map(|_| Err(failed())).collect())
                }
                StreamsError::Log(LogError::NoPartition(_)) => Err(not_found(scope, name)),
                error => Err(error),
            },
        }
    }

    /// Whether a put of these records would be taken: everything that [`Self::put_records`] checks, and no write.
    pub fn check_records(&self, scope: &Scope, name: &StreamName, entries: Vec<PutEntry>) -> Result<(), StreamsError> {
        check_total(&entries)?;
        let stream = self.serving(scope, name)?;
        self.keyring.sealer(&self.parts, &stream)?;
        Batch::new(self, &stream, entries).map(|_| ())
    }

    /// Appends batches of several streams, and `first` before them, as one atomic unit. Where a shard was closed by a
    /// reshard it waits until the stream's children are open and routes anew. With `throttled`, records that their shard
    /// has no room for now are left out.
    pub(crate) async fn append_open(
        &self,
        mut batches: Vec<(Arc<Stream>, Batch)>,
        first: Option<PartitionAppend>,
        throttled: bool,
    ) -> Result<Written, Refused> {
        let count = batches.iter().map(|(_, batch)| batch.records.len()).sum();
        let refused = |error| Refused { error, count };
        if throttled && self.throttles.shards.limits_writes() {
            // Once, whatever is tried how often after it: a record is paid for when it comes.
            for (stream, batch) in &mut batches {
                batch.throttle(stream, &self.throttles.shards, self.parts.clock.now());
            }
        }
        let mut changes = None;
        let deadline = self.parts.clock.now().after(RESHARD_WAIT);
        loop {
            let mut parts: Vec<PartitionAppend> = first.clone().into_iter().collect();
            let now = self.parts.clock.now();
            let mut routed: Vec<Routed> = Vec::with_capacity(batches.len());
            for (stream, batch) in &batches {
                let sealer = self.keyring.sealer(&self.parts, stream).map_err(refused)?;
                routed.push(batch.route(stream.clone(), &mut parts, sealer.as_ref()));
            }
            if parts.is_empty() {
                return Ok(Written { routed, appended: Vec::new() });
            }
            let appended = match batches.is_empty() {
                // A checkpoint alone: what waits for it to be trimmed is what fills a full disk.
                true => self.parts.log.append_vital(parts, now),
                false => self.parts.log.append(parts, now),
            };
            match appended.await {
                Ok(appended) => {
                    for ((_, batch), routed) in batches.iter().zip(&routed) {
                        self.count_traffic(batch, routed);
                    }
                    return Ok(Written { routed, appended });
                }
                Err(LogError::Closed(_)) if self.parts.clock.now() < deadline => {}
                Err(error) => return Err(refused(error.into())),
            }
            // Subscribed before the streams are read again, so that no change is missed in between.
            match &mut changes {
                None => changes = Some(self.parts.catalog.changes()),
                Some(changes) => {
                    tokio::select! {
                        biased;
                        // It cannot end: the catalog lives as long as we do.
                        _ = changes.changed() => {}
                        () = self.parts.clock.sleep(RESHARD_WAIT) => {}
                    }
                }
            }
            for (stream, _) in &mut batches {
                *stream = self.serving(&stream.scope, &stream.name).map_err(refused)?;
            }
        }
    }
}

impl Streams {
    /// Tells the scaling of on-demand streams what each shard took.
    fn count_traffic(&self, batch: &Batch, routed: &Routed) {
        if routed.stream.mode != StreamMode::OnDemand {
            return;
        }
        let mut loads: BTreeMap<usize, Load> = BTreeMap::new();
        for (record, place) in batch.records.iter().zip(&routed.places) {
            let Ok(place) = place else { continue };
            let load = loads.entry(place.shard).or_default();
            load.bytes += (record.key.len() + record.value.len()) as u64;
            load.records += 1;
        }
        for (shard, load) in loads {
            self.traffic.count(routed.stream.shards[shard].partition, load);
        }
    }
}

/// What was appended, and where each batch went in it.
pub(crate) struct Written {
    pub(crate) routed: Vec<Routed>,
    pub(crate) appended: Vec<Appended>,
}

/// Nothing was appended.
pub(crate) struct Refused {
    pub(crate) error: StreamsError,
    /// How many records were to be appended.
    count: usize,
}

/// Checked records of one stream, each with what decides its shard.
pub(crate) struct Batch {
    keys: Vec<Target>,
    records: Vec<NewRecord>,
    /// Records that their shard had no room for when they came, by their place in the batch.
    refused: BTreeMap<usize, ShardId>,
}

/// What decides the shard of a record.
enum Target {
    /// The shard that takes the key.
    Key(HashKey),
    /// Any shard: the turn's one.
    Turn(u64),
}

impl Target {
    /// The index of the open shard that takes the record now.
    fn shard(&self, stream: &Stream) -> usize {
        match self {
            Self::Key(key) => stream.route(*key),
            Self::Turn(turn) => stream.open[(*turn % stream.open.len() as u64) as usize],
        }
    }
}

/// A batch sorted by shard: where each of its entries went in the append.
pub(crate) struct Routed {
    stream: Arc<Stream>,
    /// An entry whose shard had no room has the shard's id instead of a place.
    places: Vec<Result<Place, ShardId>>,
}

/// The place of one entry: its shard's index in the stream, its part of the append, its index in the part.
struct Place {
    shard: usize,
    part: usize,
    index: u64,
}

impl Routed {
    /// What each entry is answered, in the order of the batch.
    fn placed(&self, appended: &[Appended]) -> Vec<Result<Placed, PutFailure>> {
        let placed = self.places.iter().map(|place| match place {
            Err(shard) => {
                let message = self.stream.over_rate(*shard).to_string();
                Err(PutFailure::Throttled { shard: Some(*shard), message })
            }
            Ok(place) => {
                let shard = &self.stream.shards[place.shard];
                let offset = Offset(appended[place.part].first.0 + place.index);
                Ok(Placed { shard: shard.id, sequence_number: SequenceNumber::of(shard.epoch, offset) })
            }
        });
        placed.collect()
    }
}

impl Batch {
    /// Checks the entries against the stream's rules.
    pub(crate) fn new(streams: &Streams, stream: &Stream, entries: Vec<PutEntry>) -> Result<Self, StreamsError> {
        check_sizes(stream, &entries)?;
        let mut keys = Vec::with_capacity(entries.len());
        let mut records = Vec::with_capacity(entries.len());
        for entry in entries {
            keys.push(match stream.distribution {
                Distribution::UserPartitionKey => Target::Key(hash_key(&entry)?),
                Distribution::Auto => Target::Turn(streams.turn()),
            });
            records.push(NewRecord { key: entry.partition_key.unwrap_or_default(), value: entry.data });
        }
        Ok(Self { keys, records, refused: BTreeMap::new() })
    }

    /// Marks the records that their shards have no room for now, and counts the others.
    fn throttle(&mut self, stream: &Stream, throttle: &ShardThrottle, now: Timestamp) {
        for (index, (key, record)) in self.keys.iter().zip(&self.records).enumerate() {
            let shard = &stream.shards[key.shard(stream)];
            if !throttle.write(shard.partition, (record.key.len() + record.value.len()) as u64, now) {
                self.refused.insert(index, shard.id);
            }
        }
    }

    /// Adds the records to `parts`, sealed if there is a sealer, one part for each shard that has some. Keeps the order of
    /// entries within a shard.
    fn route(&self, stream: Arc<Stream>, parts: &mut Vec<PartitionAppend>, sealer: Option<&Sealer<'_>>) -> Routed {
        let mut part_of_shard: Vec<Option<usize>> = vec![None; stream.shards.len()];
        let mut places = Vec::with_capacity(self.records.len());
        for (index, (key, record)) in self.keys.iter().zip(&self.records).enumerate() {
            if let Some(shard) = self.refused.get(&index) {
                places.push(Err(*shard));
                continue;
            }
            let shard = key.shard(&stream);
            let part = *part_of_shard[shard].get_or_insert_with(|| {
                parts.push(PartitionAppend { partition: stream.shards[shard].partition, records: Vec::new() });
                parts.len() - 1
            });
            let PartitionAppend { partition, records } = &mut parts[part];
            places.push(Ok(Place { shard, part, index: records.len() as u64 }));
            records.push(sealer.map_or_else(|| record.clone(), |sealer| sealer.seal(*partition, record)));
        }
        Routed { stream, places }
    }
}

fn hash_key(entry: &PutEntry) -> Result<HashKey, StreamsError> {
    match (&entry.explicit_hash_key, &entry.partition_key) {
        (None, Some(key)) => Ok(HashKey::of_partition_key(key)),
        (None, None) => Err(StreamsError::Unsupported(
            "Value null at 'partitionKey' failed to satisfy constraint: Member must not be null".into(),
        )),
        (Some(text), _) => HashKey::parse(text).ok_or_else(|| {
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
