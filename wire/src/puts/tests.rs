//! The one pass against the generic way: the same values, or none at all.

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{Check, Decode};

const CODECS: [Codec; 4] = [Codec::Json11, Codec::Json10, Codec::LegacyCbor, Codec::RpcCbor];

/// What the generic way reads; `None` for a body that it refuses.
fn generic<T: Decode + Check + Into<Puts>>(codec: Codec, body: &[u8]) -> Option<Puts> {
    let input: T = codec.decode(body).ok()?;
    validate(&input).ok()?;
    Some(input.into())
}

/// Whether the one pass took the body. Where it did, the generic way agrees.
fn agrees(codec: Codec, body: &[u8]) -> bool {
    let body = Bytes::copy_from_slice(body);
    let (records, record) = (of_records(codec, &body), of_record(codec, &body));
    if let Some(puts) = &records {
        assert_eq!(Some(puts), generic::<PutRecordsInput>(codec, &body).as_ref(), "{body:?}");
    }
    if let Some(puts) = &record {
        assert_eq!(Some(puts), generic::<PutRecordInput>(codec, &body).as_ref(), "{body:?}");
    }
    records.is_some() || record.is_some()
}

fn entry(key: &str, data: &[u8]) -> PutRecordsRequestEntry {
    let (data, partition_key) = (Some(data.to_vec().into()), Some(key.to_owned()));
    PutRecordsRequestEntry { data, partition_key, explicit_hash_key: None }
}

fn batch(records: Vec<PutRecordsRequestEntry>) -> PutRecordsInput {
    PutRecordsInput { stream_name: Some("s".into()), records: Some(records), ..Default::default() }
}

#[test]
fn usual_bodies_are_taken() {
    let mut records = vec![entry("a", b"one"), entry("\u{fc}", b""), entry("c", &[255; 3000])];
    records[1].explicit_hash_key = Some("340282366920938463463374607431768211455".into());
    records[2].partition_key = None;
    let arn = Some("arn:aws:kinesis:us-east-1:123456789012:stream/s".to_owned());
    let whole = PutRecordsInput { stream_arn: arn.clone(), ..batch(records) };
    let one = PutRecordInput {
        data: Some(vec![1, 2, 3].into()),
        partition_key: Some("k".into()),
        sequence_number_for_ordering: Some("0".into()),
        stream_arn: arn,
        ..Default::default()
    };
    for codec in CODECS {
        assert!(agrees(codec, &codec.encode(&whole)), "{codec:?}");
        assert!(agrees(codec, &codec.encode(&one)), "{codec:?}");
    }
    let spaced = b" { \"Records\" : [ { \"Data\" : \"AA==\" , \"PartitionKey\" : \"k\" } , {\"Data\":\"\"} ]\r\n,\t\"StreamName\":\"s\" } ";
    assert!(agrees(Codec::Json11, spaced));
}

#[test]
fn payloads_of_cbor_stay_in_the_body() {
    let body = Bytes::from(Codec::LegacyCbor.encode(&batch(vec![entry("k", b"payload")])));
    let puts = of_records(Codec::LegacyCbor, &body).unwrap();
    let inside = body.as_ptr_range();
    assert!(inside.contains(&puts.records[0].data.as_ptr()));
    assert!(inside.contains(&puts.records[0].partition_key.as_ref().unwrap().as_ptr()));
}

#[test]
fn what_is_unusual_is_left_to_the_generic_way() {
    for body in [
        r#""#,
        r#"{}"#,
        r#"null"#,
        r#"{"StreamName":"s"}"#,
        r#"{"StreamName":"s","Records":[]}"#,
        r#"{"StreamName":"s","Records":[{}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":""}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA=","PartitionKey":"k"}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AB==","PartitionKey":"k"}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":null,"PartitionKey":"k"}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"\u006b"}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":7}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"k","Data":"AA=="}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"k","Other":"x"}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"k","ExplicitHashKey":"01"}]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"k"},]}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"k"}]}x"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"k"}],"DryRun":true}"#,
        r#"{"StreamName":"s","Records":[{"Data":"AA==","PartitionKey":"k"}],"SequenceNumberForOrdering":"0"}"#,
        r#"{"StreamName":"s s","Records":[{"Data":"AA==","PartitionKey":"k"}]}"#,
        "{\"StreamName\":\"s\",\"Records\":[{\"Data\":\"AA==\",\"PartitionKey\":\"\n\"}]}",
    ] {
        assert!(!agrees(Codec::Json11, body.as_bytes()), "{body}");
    }
    let key = "k".repeat(257);
    for codec in CODECS {
        assert!(!agrees(codec, &codec.encode(&batch(vec![entry("k", b"x"); 501]))), "{codec:?}");
        assert!(agrees(codec, &codec.encode(&batch(vec![entry("k", b"x"); 500]))), "{codec:?}");
        assert!(!agrees(codec, &codec.encode(&batch(vec![entry(&key, b"x")]))), "{codec:?}");
        assert!(agrees(codec, &codec.encode(&batch(vec![entry(&key[1..], b"x")]))), "{codec:?}");
        assert!(!agrees(codec, &codec.encode(&batch(vec![entry("k", &vec![0; DATA_BYTES_MAX + 1])]))), "{codec:?}");
        assert!(agrees(codec, &codec.encode(&batch(vec![entry("k", &vec![0; DATA_BYTES_MAX])]))), "{codec:?}");
    }
}

fn some_entry() -> impl Strategy<Value = PutRecordsRequestEntry> {
    let data = proptest::option::weighted(0.95, proptest::collection::vec(any::<u8>(), 0..40));
    let key = proptest::option::weighted(0.9, prop_oneof![9 => "[a-z]{1,8}", 1 => "\\PC{0,4}", 1 => ".{0,3}"]);
    let hash = proptest::option::weighted(0.2, "0?[0-9]{0,40}");
    (data, key, hash).prop_map(|(data, partition_key, explicit_hash_key)| PutRecordsRequestEntry {
        data: data.map(Blob::from),
        partition_key,
        explicit_hash_key,
    })
}

fn some_body() -> impl Strategy<Value = (Codec, Vec<u8>)> {
    let name = proptest::option::weighted(0.9, "[a-zA-Z0-9_.-]{1,4}| ");
    let head = (name, proptest::option::weighted(0.1, any::<bool>()), 0..CODECS.len(), any::<bool>());
    (head, proptest::collection::vec(some_entry(), 0..5)).prop_map(
        |((stream_name, dry_run, codec, is_one), records)| {
            let codec = CODECS[codec];
            let body = match records.first().filter(|_| is_one).cloned() {
                Some(PutRecordsRequestEntry { data, partition_key, explicit_hash_key }) => {
                    codec.encode(&PutRecordInput {
                        stream_name,
                        dry_run,
                        data,
                        partition_key,
                        explicit_hash_key,
                        ..Default::default()
                    })
                }
                None => codec.encode(&PutRecordsInput {
                    stream_name,
                    dry_run,
                    records: Some(records),
                    ..Default::default()
                }),
            };
            (codec, body)
        },
    )
}

/// One change of a body: a byte set, left out, put in, or the body cut.
fn some_change() -> impl Strategy<Value = (u8, proptest::sample::Index, u8)> {
    let byte = prop_oneof![any::<u8>(), proptest::sample::select(b" \"\\{}[]:,=\x00\n\x9f\xff".to_vec())];
    (0..4u8, any::<proptest::sample::Index>(), byte)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..Default::default() })]

    #[test]
    fn one_pass_and_the_generic_way_agree(
        (codec, body) in some_body(),
        changes in proptest::collection::vec(some_change(), 0..3),
    ) {
        let mut body = body;
        for (what, at, byte) in changes {
            let at = at.index(body.len() + 1);
            match what {
                0 if at < body.len() => body[at] = byte,
                1 if at < body.len() => _ = body.remove(at),
                2 => body.insert(at, byte),
                _ => body.truncate(at),
            }
        }
        agrees(codec, &body);
    }
}
