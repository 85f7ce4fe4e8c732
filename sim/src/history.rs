//! What clients asked for and were told, and the rules that both must agree with. Every breach goes to `violations`.
//!
//! A record is sent once under a number of its own (a retry is another record), so that each place of a shard is known
//! by the one record in it. What stands where is learnt from answers and from readers; a place never changes.

use std::collections::BTreeMap;

use streams::Placed;
use types::{Record, SequenceNumber, StreamName, Timestamp};

/// Shortest retention of a stream.
const RETENTION_MS: u64 = 24 * 3_600_000;

/// One PutRecords call.
#[derive(Debug)]
pub(crate) struct Put {
    pub(crate) stream: StreamName,
    pub(crate) begun: u64,
    /// When it was acknowledged or first read.
    pub(crate) settled: u64,
    /// No record of it arrived earlier, by the clock of the wall.
    arrival_min: Timestamp,
    pub(crate) outcome: Told,
    /// Its stream may have been deleted after it began.
    pub(crate) is_forgiven: bool,
    records: Vec<Sent>,
    /// The newest acknowledged place of each shard when it began, by epoch.
    shards_then: BTreeMap<u64, u64>,
    /// The newest acknowledged number of each key when it began.
    keys_then: BTreeMap<String, SequenceNumber>,
}

#[derive(Debug)]
struct Sent {
    key: String,
    len: usize,
    place: Option<Place>,
}

/// What the writer was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    Nothing,
    Taken,
    Refused,
}

/// The epoch of a shard, and an offset in it.
pub(crate) type Place = (u64, u64);

/// The number of a record: its call, and its index in the call.
type RecordId = (usize, usize);

/// See the module text.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) puts: Vec<Put>,
    pub(crate) places: BTreeMap<Place, RecordId>,
    shards: BTreeMap<u64, u64>,
    keys: BTreeMap<(StreamName, String), SequenceNumber>,
    /// The latest time that the wall clock showed, and the earliest since each moment of a jump back.
    wall_max: Timestamp,
    jumps_back: Vec<(u64, Timestamp)>,
    pub(crate) records_checked: u64,
    pub(crate) violations: Vec<String>,
}

/// The payload of a record.
fn payload((call, index): RecordId, len: usize) -> Vec<u8> {
    let mut data = format!("{call}.{index}.").into_bytes();
    let head = data.len();
    data.extend((head..len).map(|place| (place * 7 + call) as u8));
    data
}

fn place_of(number: SequenceNumber) -> Option<Place> {
    Some((number.epoch().0, number.offset()?.0))
}

impl History {
    /// A writer is about to call; answers the number of the call and the payloads.
    pub(crate) fn begin(
        &mut self,
        stream: &StreamName,
        now: (u64, Timestamp),
        records: Vec<(String, usize)>,
    ) -> (usize, Vec<Vec<u8>>) {
        let call = self.puts.len();
        let payloads = records.iter().enumerate().map(|(index, (_, len))| payload((call, index), *len)).collect();
        let keys = records.iter().filter_map(|(key, _)| {
            let newest = self.keys.get(&(stream.clone(), key.clone()))?;
            Some((key.clone(), *newest))
        });
        self.wall_max = self.wall_max.max(now.1);
        self.puts.push(Put {
            stream: stream.clone(),
            begun: now.0,
            settled: u64::MAX,
            arrival_min: now.1,
            outcome: Told::Nothing,
            is_forgiven: false,
            keys_then: keys.collect(),
            shards_then: self.shards.clone(),
            records: records.into_iter().map(|(key, len)| Sent { key, len, place: None }).collect(),
        });
        (call, payloads)
    }

    /// The wall clock went elsewhere.
    pub(crate) fn clock_jumped(&mut self, micros: u64, before: Timestamp, after: Timestamp) {
        self.wall_max = self.wall_max.max(before).max(after);
        if after < before {
            self.jumps_back.push((micros, after));
        }
    }

    /// The call was refused for certain.
    pub(crate) fn refused(&mut self, call: usize) {
        self.puts[call].outcome = Told::Refused;
        if self.puts[call].records.iter().any(|sent| sent.place.is_some()) {
            self.violations.push(format!("call {call} was refused and its records were read"));
        }
    }

    /// The call was acknowledged.
    pub(crate) fn taken(&mut self, call: usize, placed: &[Placed], now: u64) {
        self.puts[call].outcome = Told::Taken;
        self.puts[call].settled = self.puts[call].settled.min(now);
        if placed.len() != self.puts[call].records.len() {
            self.violations.push(format!("call {call} has {} answers", placed.len()));
            return;
        }
        for (index, placed) in placed.iter().enumerate() {
            let number = placed.sequence_number;
            let Some(place) = place_of(number) else {
                self.violations.push(format!("record {call}.{index} was given the number of a start"));
                continue;
            };
            self.stands((call, index), place);
            self.check_order((call, index), number, place);
        }
    }

    /// In real time, what was acknowledged before the call began comes before it: in the shard, and for the key also
    /// over the shards of a reshard.
    fn check_order(&mut self, (call, index): RecordId, number: SequenceNumber, place: Place) {
        let put = &self.puts[call];
        let key = &put.records[index].key;
        let mut wrong = Vec::new();
        if put.shards_then.get(&place.0).is_some_and(|newest| *newest >= place.1) {
            wrong.push(format!("record {call}.{index} stands at {place:?}, before one acknowledged earlier"));
        }
        if put.keys_then.get(key).is_some_and(|newest| *newest >= number) {
            wrong.push(format!("record {call}.{index} of key {key} has a number below an earlier one of its key"));
        }
        let earlier = put.records[..index].iter().filter(|sent| sent.key == *key).filter_map(|sent| sent.place);
        if earlier.max().is_some_and(|earlier| earlier >= place) {
            wrong.push(format!("record {call}.{index} is out of the order of its call"));
        }
        let newest = self.keys.entry((put.stream.clone(), key.clone())).or_insert(number);
        *newest = number.max(*newest);
        let newest = self.shards.entry(place.0).or_default();
        *newest = place.1.max(*newest);
        self.violations.append(&mut wrong);
    }

    /// A record was learnt to stand at a place: the only one there, and nowhere else.
    fn stands(&mut self, id: RecordId, place: Place) {
        let there = *self.places.entry(place).or_insert(id);
        let sent = &mut self.puts[id.0].records[id.1];
        let first = *sent.place.get_or_insert(place);
        if there != id {
            self.violations.push(format!("record {id:?} stands at {place:?}, where {there:?} was"));
        }
        if first != place {
            self.violations.push(format!("record {id:?} stands at {place:?} and at {first:?}"));
        }
    }

    /// A reader was given a record of the stream.
    pub(crate) fn read(&mut self, stream: &StreamName, record: &Record, now: u64) {
        self.records_checked += 1;
        let mut numbers = record.data.split(|byte| *byte == b'.');
        let mut number = || std::str::from_utf8(numbers.next()?).ok()?.parse::<usize>().ok();
        let id = number().zip(number());
        let sent = id.and_then(|(call, index)| {
            let put = self.puts.get(call)?;
            put.records.get(index).map(|sent| (put, sent))
        });
        let (Some(id), Some((put, sent)), Some(place)) = (id, sent, place_of(record.sequence_number)) else {
            self.violations.push(format!("a record was read that nobody sent: {record:?}"));
            return;
        };
        let same = put.stream == *stream && sent.key == record.partition_key && record.data == payload(id, sent.len);
        if !same {
            self.violations.push(format!("record {id:?} was read changed, or from another stream"));
        }
        if put.outcome == Told::Refused {
            self.violations.push(format!("record {id:?} was refused and read at {place:?}"));
        }
        self.stands(id, place);
        self.puts[id.0].settled = self.puts[id.0].settled.min(now);
    }

    /// From now on the records of the stream may be gone at any time.
    pub(crate) fn forgive(&mut self, stream: &StreamName) {
        self.puts.iter_mut().filter(|put| put.stream == *stream).for_each(|put| put.is_forgiven = true);
    }

    /// Whether the records of the call may be gone by retention.
    pub(crate) fn is_stale(&mut self, call: usize, now: Timestamp) -> bool {
        self.wall_max = self.wall_max.max(now);
        self.arrived_before(call, Timestamp(self.wall_max.0 - RETENTION_MS + 1))
    }

    /// Whether a record of the call may have arrived before `time`.
    pub(crate) fn arrived_before(&self, call: usize, time: Timestamp) -> bool {
        let put = &self.puts[call];
        // A call in whose course the clock went back may have seen the time after that.
        let later = self.jumps_back.iter().filter(|(micros, _)| *micros >= put.begun).map(|(_, after)| *after);
        later.fold(put.arrival_min, Timestamp::min) < time
    }

    /// Calls of which some records stand somewhere and others do not.
    pub(crate) fn torn(&self) -> Vec<usize> {
        let is_torn = |put: &Put| {
            let found = put.records.iter().filter(|sent| sent.place.is_some()).count();
            !put.is_forgiven && found != 0 && found != put.records.len()
        };
        self.puts.iter().enumerate().filter(|(_, put)| is_torn(put)).map(|(call, _)| call).collect()
    }

    /// Records known to stand somewhere.
    pub(crate) fn known(&self) -> impl Iterator<Item = (Place, usize)> {
        self.places.iter().map(|(place, (call, _))| (*place, *call))
    }
}
