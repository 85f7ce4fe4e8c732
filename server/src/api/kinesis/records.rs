//! Records as their readers get them, written from what was read.
//!
//! A page has up to ten thousand records, so none is first made into a shape of texts of its own. What the generated
//! shapes write is what must stand here; a test compares the bytes.

use types::{Record, SequenceNumber};
use wire::kinesis::ChildShard;
use wire::{Encode, Encoder, Timestamp};

use super::put_records::ascii;

/// The answer of GetRecords: `GetRecordsOutput`.
pub(crate) struct Page {
    pub(super) records: Vec<Record>,
    pub(super) next_iterator: Option<String>,
    pub(super) millis_behind_latest: i64,
    pub(super) children: Option<Vec<ChildShard>>,
}

impl Encode for Page {
    fn encode(&self, out: &mut dyn Encoder) {
        out.begin_structure("GetRecordsOutput");
        if let Some(children) = &self.children {
            out.member("ChildShards");
            children.encode(out);
        }
        out.member("MillisBehindLatest");
        out.integer(self.millis_behind_latest);
        if let Some(iterator) = &self.next_iterator {
            out.member("NextShardIterator");
            out.string(iterator);
        }
        out.member("Records");
        encode(&self.records, out);
        out.end_structure();
    }
}

/// An event of a subscription: `SubscribeToShardEvent`.
pub(super) struct Event<'a> {
    pub(super) records: &'a [Record],
    pub(super) continuation: Option<SequenceNumber>,
    pub(super) millis_behind_latest: i64,
    pub(super) children: Option<Vec<ChildShard>>,
}

impl Encode for Event<'_> {
    fn encode(&self, out: &mut dyn Encoder) {
        out.begin_structure("SubscribeToShardEvent");
        if let Some(children) = &self.children {
            out.member("ChildShards");
            children.encode(out);
        }
        if let Some(continuation) = self.continuation {
            out.member("ContinuationSequenceNumber");
            out.string(&continuation.to_string());
        }
        out.member("MillisBehindLatest");
        out.integer(self.millis_behind_latest);
        out.member("Records");
        encode(self.records, out);
        out.end_structure();
    }
}

fn encode(records: &[Record], out: &mut dyn Encoder) {
    out.begin_list();
    for record in records {
        out.element();
        out.begin_structure("Record");
        out.member("ApproximateArrivalTimestamp");
        out.timestamp(Timestamp(record.arrival.0 as i64));
        out.member("Data");
        out.blob(&record.data);
        // As AWS, nothing for a record that is not encrypted.
        if record.encrypted {
            out.member("EncryptionType");
            out.string("KMS");
        }
        if !record.partition_key.is_empty() {
            out.member("PartitionKey");
            out.string(&record.partition_key);
        }
        out.member("SequenceNumber");
        out.string(ascii(&record.sequence_number.digits()));
        out.end_structure();
    }
    out.end_list();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{Epoch, Offset};
    use wire::kinesis::{GetRecordsOutput, SubscribeToShardEvent};
    use wire::{Blob, Codec, json};

    use super::*;

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let data = prop::collection::vec(any::<u8>(), 0..200);
        let record = (0..1_u64 << 60, 0..u64::MAX, 0..1_u64 << 50, any::<String>(), data, any::<bool>());
        let record = record.prop_map(|(epoch, offset, millis, partition_key, data, encrypted)| Record {
            sequence_number: SequenceNumber::of(Epoch(epoch), Offset(offset)),
            arrival: types::Timestamp(millis),
            partition_key,
            data: data.into(),
            encrypted,
        });
        prop::collection::vec(record, 0..8)
    }

    /// The shape of the model, which the generated code writes.
    fn shape(record: &Record) -> wire::kinesis::Record {
        wire::kinesis::Record {
            sequence_number: Some(record.sequence_number.to_string()),
            approximate_arrival_timestamp: Some(Timestamp(record.arrival.0 as i64)),
            data: Some(Blob(record.data.clone())),
            partition_key: Some(record.partition_key.clone()).filter(|key| !key.is_empty()),
            encryption_type: record.encrypted.then(|| "KMS".into()),
        }
    }

    proptest! {
        #[test]
        fn the_bytes_are_those_of_the_shapes(
            records in records(),
            next_iterator in any::<Option<String>>(),
            millis_behind_latest in any::<i64>(),
            child in any::<Option<String>>(),
        ) {
            let children = child.map(|id| vec![ChildShard { shard_id: Some(id), ..ChildShard::default() }]);
            let shapes: Vec<_> = records.iter().map(shape).collect();
            let continuation = records.last().map(|record| record.sequence_number);
            let event = Event { records: &records, continuation, millis_behind_latest, children: children.clone() };
            let event_shape = SubscribeToShardEvent {
                records: Some(shapes.clone()),
                continuation_sequence_number: continuation.map(|number| number.to_string()),
                millis_behind_latest: Some(millis_behind_latest),
                child_shards: children.clone(),
            };
            prop_assert_eq!(json::encode(&event), json::encode(&event_shape));

            let output = GetRecordsOutput {
                records: Some(shapes),
                next_shard_iterator: next_iterator.clone(),
                millis_behind_latest: Some(millis_behind_latest),
                child_shards: children.clone(),
            };
            let page = Page { records, next_iterator, millis_behind_latest, children };
            for codec in [Codec::Json11, Codec::LegacyCbor, Codec::RpcCbor, Codec::Query] {
                prop_assert_eq!(codec.encode(&page), codec.encode(&output), "{:?}", codec);
            }
        }
    }
}
