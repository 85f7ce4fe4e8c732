//! Mutated and random bytes in every decoder: nothing panics, and what is read once is the same in every protocol.
//! The fuzz target in `fuzz/` does the same for as long as one likes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Debug;

use wire::{Check, Codec, Decode, Encode, cloudwatch, dynamodb, firehose, kinesis};

const CODECS: [Codec; 5] = [Codec::Json11, Codec::Json10, Codec::LegacyCbor, Codec::RpcCbor, Codec::Query];
const ROUNDS: u64 = 20_000;

/// Numbers that look random and are the same in every run (splitmix64).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }

    /// The body with a few bytes changed, cut out, doubled or put in.
    fn mutated(&mut self, body: &[u8]) -> Vec<u8> {
        let mut body = body.to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(body.len());
            match self.below(5) {
                0 if !body.is_empty() => body[at] = self.next() as u8,
                1 if !body.is_empty() => body[at] ^= 1 << self.below(8),
                2 if !body.is_empty() => drop(body.drain(at..(at + 1 + self.below(8)).min(body.len()))),
                3 => body.truncate(at),
                _ => body.insert(at.min(body.len()), self.next() as u8),
            }
        }
        body
    }
}

/// Throws variations of `json`, in every protocol that can carry it, at every decoder.
fn storm<T: Decode + Encode + Check + Debug + PartialEq>(json: &str, seed: u64) {
    let value: T = Codec::Json11.decode(json.as_bytes()).unwrap();
    let cbor = Codec::LegacyCbor.encode(&value);
    assert_eq!(Codec::LegacyCbor.decode::<T>(&cbor).unwrap(), value);
    assert_eq!(Codec::RpcCbor.decode::<T>(&Codec::RpcCbor.encode(&value)).unwrap(), value);
    let mut noise = Noise(seed);
    let form = b"A.member.1.B.entry.1.key=x&A.member.1.B.entry.1.value=%41&Action=Y".to_vec();
    let bodies = [json.as_bytes().to_vec(), cbor, form];
    for round in 0..ROUNDS {
        let body = match round % 4 {
            0 => (0..noise.below(40)).map(|_| noise.next() as u8).collect(),
            kind => noise.mutated(&bodies[kind as usize - 1]),
        };
        for codec in CODECS {
            let Ok(read) = codec.decode::<T>(&body) else { continue };
            _ = wire::validate(&read);
            let again = Codec::LegacyCbor.decode::<T>(&Codec::LegacyCbor.encode(&read)).unwrap();
            // What is not itself holds a number that is none.
            assert!(again == read || format!("{read:?}").contains("NaN"), "{codec:?}: {body:02x?}");
            _ = Codec::Query.encode(&read);
        }
    }
}

#[test]
fn records() {
    let json = r#"{"StreamName":"s","Records":[{"Data":"AAEC","PartitionKey":"k","ExplicitHashKey":"1"},{"Data":""}]}"#;
    storm::<kinesis::PutRecordsInput>(json, 1);
}

#[test]
fn metrics() {
    let json = r#"{"Namespace":"n","MetricData":[{"MetricName":"m","Value":1.5,"Values":[1,2e9],
        "StatisticValues":{"Sum":-1,"SampleCount":0.25},"Dimensions":[{"Name":"a","Value":"b"}]}]}"#;
    storm::<cloudwatch::PutMetricDataInput>(json, 2);
}

#[test]
fn nested_values() {
    let json = r#"{"TransactItems":[{"Put":{"TableName":"t","Item":{"k":{"M":{"l":{"L":[{"S":"x"},{"N":"1"},
        {"B":"AA=="},{"BOOL":true},{"NULL":true},{"SS":["a"]}]}}}}}}]}"#;
    storm::<dynamodb::TransactWriteItemsInput>(json, 3);
}

#[test]
fn configurations() {
    let json = r#"{"DeliveryStreamName":"d","ExtendedS3DestinationConfiguration":{"RoleARN":"arn:x","BucketARN":"arn:y",
        "BufferingHints":{"SizeInMBs":1,"IntervalInSeconds":60},"ErrorOutputPrefix":"e/","CloudWatchLoggingOptions":
        {"Enabled":true}},"Tags":[{"Key":"k","Value":"v"}]}"#;
    storm::<firehose::CreateDeliveryStreamInput>(json, 4);
}
