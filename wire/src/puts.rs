//! The bodies of PutRecord and PutRecords in one pass: the path of nearly every byte that the server takes.
//!
//! Owns: the bodies that SDKs write, read without a copy of what can stay where it is; all payloads of a JSON body are
//! decoded into one buffer. Refuses: everything else (a member or a type that is not expected, an escape, null, a broken
//! constraint), by `None`: [`Codec::decode`] and [`crate::validate()`] read such a body again, and they alone make
//! errors. So `Some` is only right where those two take the body, with the same values; the tests and `fuzz/` compare.
//! Read `puts/json.rs` and `puts/cbor.rs` for the two formats.

use bytes::Bytes;

use crate::kinesis::{PutRecordInput, PutRecordsInput, PutRecordsRequestEntry};
use crate::{Blob, Codec, validate};

mod cbor;
mod json;

/// Most records of a call; the model's bound.
const RECORDS_MAX: usize = 500;
/// Most bytes of a payload; the model's bound.
const DATA_BYTES_MAX: usize = 10_485_760;
/// Keys of more bytes may still have few enough characters; the generic way counts them.
const KEY_BYTES_MAX: usize = 256;
/// Most digits of an explicit hash key.
const HASH_KEY_DIGITS_MAX: usize = 39;

/// What PutRecord and PutRecords ask for, whichever way it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Puts {
    /// `StreamName`.
    pub stream_name: Option<String>,
    /// `StreamARN`.
    pub stream_arn: Option<String>,
    /// `DryRun`.
    pub dry_run: bool,
    /// `SequenceNumberForOrdering`, of PutRecord only.
    pub sequence_number_for_ordering: Option<String>,
    /// `Records`, or the one record.
    pub records: Vec<Put>,
}

/// One record to put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Put {
    /// `Data`.
    pub data: Bytes,
    /// `PartitionKey`, which is UTF-8.
    pub partition_key: Option<Bytes>,
    /// `ExplicitHashKey`.
    pub explicit_hash_key: Option<String>,
}

/// Reads the body of PutRecords, if it is a usual one.
pub fn of_records(codec: Codec, body: &Bytes) -> Option<Puts> {
    match codec {
        Codec::Json11 | Codec::Json10 => records(json::Reader::new(body), body),
        Codec::LegacyCbor | Codec::RpcCbor => records(cbor::Reader::new(body), body),
        Codec::Query => None,
    }
}

/// Reads the body of PutRecord, if it is a usual one.
pub fn of_record(codec: Codec, body: &Bytes) -> Option<Puts> {
    match codec {
        Codec::Json11 | Codec::Json10 => record(json::Reader::new(body), body),
        Codec::LegacyCbor | Codec::RpcCbor => record(cbor::Reader::new(body), body),
        Codec::Query => None,
    }
}

/// A position in a body, and the payloads read so far. Every method answers `None` for what is not usual.
trait Reader<'b>: Sized {
    /// Where a payload is in [`Self::payloads`].
    type Place;

    /// Calls `each` with the name of each member of the structure that is next; it reads the value.
    fn members(&mut self, each: impl FnMut(&mut Self, &'b [u8]) -> Option<()>) -> Option<()>;

    /// Calls `each` before each element of the list that is next; it reads the element.
    fn elements(&mut self, each: impl FnMut(&mut Self) -> Option<()>) -> Option<()>;

    /// A text as it stands in the body.
    fn text(&mut self) -> Option<&'b str>;

    /// A payload.
    fn data(&mut self) -> Option<Self::Place>;

    /// Makes sure that nothing follows, and gives the way from places to payloads.
    fn payloads(self, body: &Bytes) -> Option<impl Fn(Self::Place) -> Bytes>;
}

/// A record as it stands in the body.
struct Spot<'b, P> {
    data: Option<P>,
    partition_key: Option<&'b str>,
    explicit_hash_key: Option<&'b str>,
}

impl<'b, P> Spot<'b, P> {
    const EMPTY: Self = Self { data: None, partition_key: None, explicit_hash_key: None };

    /// Reads the value of a member; `None` for one that records do not have.
    fn member<R: Reader<'b, Place = P>>(&mut self, reader: &mut R, name: &[u8]) -> Option<()> {
        match name {
            b"Data" => once(&mut self.data, reader.data()?),
            b"PartitionKey" => {
                let key = reader.text()?;
                (1..=KEY_BYTES_MAX).contains(&key.len()).then_some(())?;
                once(&mut self.partition_key, key)
            }
            b"ExplicitHashKey" => {
                let key = reader.text()?;
                is_hash_key(key).then_some(())?;
                once(&mut self.explicit_hash_key, key)
            }
            _ => None,
        }
    }

    fn put(self, body: &Bytes, payload: impl Fn(P) -> Bytes) -> Option<Put> {
        let data = payload(self.data?);
        Some(Put {
            data,
            partition_key: self.partition_key.map(|key| body.slice_ref(key.as_bytes())),
            explicit_hash_key: self.explicit_hash_key.map(str::to_owned),
        })
    }
}

fn records<'b, R: Reader<'b>>(mut reader: R, body: &Bytes) -> Option<Puts> {
    let mut head = Head::default();
    let mut spots: Option<Vec<Spot<'b, R::Place>>> = None;
    reader.members(|reader, name| {
        if name != b"Records" {
            return head.member(reader, name);
        }
        let mut list = Vec::new();
        reader.elements(|reader| {
            let mut spot = Spot::EMPTY;
            reader.members(|reader, name| spot.member(reader, name))?;
            list.push(spot);
            (list.len() <= RECORDS_MAX).then_some(())
        })?;
        once(&mut spots, list)
    })?;
    let spots = spots.filter(|spots| !spots.is_empty())?;
    let entry = PutRecordsRequestEntry { data: Some(Blob::default()), ..Default::default() };
    validate(&PutRecordsInput {
        stream_name: head.stream_name.map(str::to_owned),
        stream_arn: head.stream_arn.map(str::to_owned),
        records: Some(vec![entry]),
        ..Default::default()
    })
    .ok()
    .filter(|()| head.sequence_number_for_ordering.is_none())?;
    let payload = reader.payloads(body)?;
    let records: Option<Vec<Put>> = spots.into_iter().map(|spot| spot.put(body, &payload)).collect();
    Some(head.puts(records?))
}

fn record<'b, R: Reader<'b>>(mut reader: R, body: &Bytes) -> Option<Puts> {
    let mut head = Head::default();
    let mut spot = Spot::EMPTY;
    reader.members(|reader, name| match name {
        b"Data" | b"PartitionKey" | b"ExplicitHashKey" => spot.member(reader, name),
        _ => head.member(reader, name),
    })?;
    validate(&PutRecordInput {
        stream_name: head.stream_name.map(str::to_owned),
        stream_arn: head.stream_arn.map(str::to_owned),
        sequence_number_for_ordering: head.sequence_number_for_ordering.map(str::to_owned),
        data: Some(Blob::default()),
        ..Default::default()
    })
    .ok()?;
    let payload = reader.payloads(body)?;
    Some(head.puts(vec![spot.put(body, payload)?]))
}

/// The members beside the records.
#[derive(Default)]
struct Head<'b> {
    stream_name: Option<&'b str>,
    stream_arn: Option<&'b str>,
    sequence_number_for_ordering: Option<&'b str>,
}

impl<'b> Head<'b> {
    fn member<R: Reader<'b>>(&mut self, reader: &mut R, name: &[u8]) -> Option<()> {
        match name {
            b"StreamName" => once(&mut self.stream_name, reader.text()?),
            b"StreamARN" => once(&mut self.stream_arn, reader.text()?),
            b"SequenceNumberForOrdering" => once(&mut self.sequence_number_for_ordering, reader.text()?),
            _ => None,
        }
    }

    fn puts(&self, records: Vec<Put>) -> Puts {
        Puts {
            stream_name: self.stream_name.map(str::to_owned),
            stream_arn: self.stream_arn.map(str::to_owned),
            dry_run: false,
            sequence_number_for_ordering: self.sequence_number_for_ordering.map(str::to_owned),
            records,
        }
    }
}

/// Sets what is not set; a member that stands twice is not usual.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// A decimal number without leading zeros, as the model's pattern has it.
fn is_hash_key(text: &str) -> bool {
    let digits = !text.is_empty() && text.len() <= HASH_KEY_DIGITS_MAX && text.bytes().all(|b| b.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

impl From<PutRecordsInput> for Puts {
    fn from(input: PutRecordsInput) -> Self {
        let PutRecordsInput { stream_name, stream_arn, dry_run, records, .. } = input;
        let records = records.unwrap_or_default().into_iter().map(|record| Put {
            data: record.data.unwrap_or_default().0,
            partition_key: record.partition_key.map(Bytes::from),
            explicit_hash_key: record.explicit_hash_key,
        });
        Self {
            stream_name,
            stream_arn,
            dry_run: dry_run == Some(true),
            sequence_number_for_ordering: None,
            records: records.collect(),
        }
    }
}

impl From<PutRecordInput> for Puts {
    fn from(input: PutRecordInput) -> Self {
        let PutRecordInput { stream_name, stream_arn, dry_run, sequence_number_for_ordering, .. } = input;
        let record = Put {
            data: input.data.unwrap_or_default().0,
            partition_key: input.partition_key.map(Bytes::from),
            explicit_hash_key: input.explicit_hash_key,
        };
        let dry_run = dry_run == Some(true);
        Self { stream_name, stream_arn, dry_run, sequence_number_for_ordering, records: vec![record] }
    }
}

#[cfg(test)]
mod tests;
