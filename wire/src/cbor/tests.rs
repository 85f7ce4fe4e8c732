use proptest::prelude::*;

use super::*;
use crate::cloudwatch::PutMetricDataInput;
use crate::kinesis::{
    CreateStreamInput, GetRecordsOutput, GetShardIteratorInput, PutRecordInput, PutRecordsInput, Record,
};
use crate::{Blob, Timestamp, json};

/// The bytes of a map from texts to items that are given in hexadecimal.
fn map(members: &[(&str, &str)]) -> Vec<u8> {
    let mut out = vec![0xbf];
    for (name, item) in members {
        out.push(0x60 | name.len() as u8);
        out.extend_from_slice(name.as_bytes());
        out.extend(hex(item));
    }
    out.push(0xff);
    out
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn legacy<T: Decode>(body: &[u8]) -> Result<T, DecodeError> {
    decode(body, Times::Millis)
}

#[test]
fn integers_of_any_width_are_read() {
    for (item, value) in [
        ("03", 3),
        ("1818", 24),
        ("190100", 256),
        ("1a00010000", 65_536),
        ("1b0000000000000003", 3),
        ("1bffffffffffffffff", i32::MAX),
        ("20", -1),
        ("3bffffffffffffffff", i32::MIN),
        ("c103", 3),
        ("d9d9f7d9d9f703", 3),
        ("f94700", 7),
        ("fa40f80000", 7),
        ("fb401f000000000000", 7),
    ] {
        let input: CreateStreamInput = legacy(&map(&[("ShardCount", item)])).unwrap();
        assert_eq!(input.shard_count, Some(value), "{item}");
    }
}

#[test]
fn lengths_may_be_unknown() {
    let body =
        map(&[("StreamName", "7f 62 6162 60 61 63 ff"), ("Tags", "bf 61 6b 61 76 ff"), ("New", "9f 9f ff a0 f6 ff")]);
    let input: CreateStreamInput = legacy(&body).unwrap();
    assert_eq!((input.stream_name.as_deref(), input.shard_count), (Some("abc"), None));
    assert_eq!(input.tags.unwrap()["k"], "v");
    let put: PutRecordInput = legacy(&map(&[("Data", "5f 42 0102 41 03 ff")])).unwrap();
    assert_eq!(&put.data.unwrap().0[..], [1, 2, 3]);
    // The self-describing tag in front of the whole, as RFC 8949 has it.
    let mut tagged = hex("d9d9f7");
    tagged.extend(map(&[("ShardCount", "01")]));
    assert_eq!(legacy::<CreateStreamInput>(&tagged).unwrap().shard_count, Some(1));
}

#[test]
fn null_is_absence() {
    let input: CreateStreamInput = legacy(&map(&[("StreamName", "f6"), ("ShardCount", "f7")])).unwrap();
    assert_eq!(input, CreateStreamInput::default());
    assert!(matches!(legacy::<CreateStreamInput>(&[0xf6]), Err(DecodeError::WrongType(_))));
}

#[test]
fn halves_are_floats() {
    for (bits, value) in
        [("3c00", 1.0), ("c400", -4.0), ("7bff", 65504.0), ("0001", 5.960_464_477_539_063e-8), ("7c00", f64::INFINITY)]
    {
        let datum = format!("81 bf 65 56616c7565 f9{bits} ff");
        let input: PutMetricDataInput = decode(&map(&[("MetricData", &datum)]), Times::Seconds).unwrap();
        assert_eq!(input.metric_data.unwrap()[0].value, Some(value), "{bits}");
    }
}

#[test]
fn times_are_milliseconds_or_seconds() {
    // 1459799926480 ms.
    for item in ["c1 1b 00000153e2db26d0", "1b 00000153e2db26d0", "c1 fb 42753e2db26d0000"] {
        let input: GetShardIteratorInput = legacy(&map(&[("Timestamp", item)])).unwrap();
        assert_eq!(input.timestamp, Some(Timestamp(0x153_e2db_26d0)), "{item}");
    }
    let seconds =
        |item| decode::<GetShardIteratorInput>(&map(&[("Timestamp", item)]), Times::Seconds).unwrap().timestamp;
    assert_eq!(seconds("c1 1a 5702c5f6"), Some(Timestamp(0x5702_c5f6 * 1000)));
    assert_eq!(seconds("c1 fb 3ff8000000000000"), Some(Timestamp(1500)));
    // Only the number right behind a time is one.
    let both = map(&[("Timestamp", "f6"), ("StreamName", "6161")]);
    assert_eq!(legacy::<GetShardIteratorInput>(&both).unwrap().stream_name.as_deref(), Some("a"));
}

#[test]
fn what_is_no_cbor_is_refused() {
    for body in [
        "",
        "a1",
        "bf",
        "bf 61",
        "ff",
        "1c",
        "5f 61 61 ff",
        "7f 61 ff ff",
        "61 ff",
        "f8 20",
        "f0",
        "a0 00",
        "df 00",
        "c1",
        "1f",
        "3f",
        "5b ffffffffffffffff",
        "9b ffffffffffffffff",
    ] {
        let read = legacy::<CreateStreamInput>(&hex(body));
        assert!(matches!(read, Err(DecodeError::Malformed(_) | DecodeError::WrongType(_))), "{body}: {read:?}");
    }
    let deep = [vec![0xa1, 0x61, b'x'], vec![0x81; 100_000]].concat();
    assert!(matches!(legacy::<CreateStreamInput>(&deep), Err(DecodeError::Malformed(_))));
}

#[test]
fn wrong_types_are_refused_in_the_words_of_aws() {
    let wrong = |body: Vec<u8>| legacy::<CreateStreamInput>(&body).unwrap_err().to_string();
    assert_eq!(wrong(map(&[("StreamName", "80")])), "Start of list found where not expected");
    assert_eq!(wrong(map(&[("StreamName", "40")])), "class java.nio.HeapByteBuffer can not be converted to an String");
    assert_eq!(wrong(map(&[("Tags", "80")])), "Start of list found where not expected");
    assert_eq!(wrong(hex("80")), "Start of list found where not expected");
}

#[test]
fn answers_are_written_as_java_reads_them() {
    let record = Record {
        approximate_arrival_timestamp: Some(Timestamp(1_459_799_926_480)),
        data: Some(Blob(vec![1, 2].into())),
        ..Record::default()
    };
    let bytes = encode(&record, Times::Millis);
    let time = bytes.windows(10).any(|part| part == hex("c1 1b 00000153e2db26d0"));
    assert!(time && bytes.windows(3).any(|part| part == [0x42, 1, 2]), "{bytes:02x?}");
    assert!(encode(&(), Times::Millis).is_empty());
    assert_eq!(encode(&CreateStreamInput::default(), Times::Millis), [0xbf, 0xff]);
}

proptest! {
    #[test]
    fn no_bytes_panic(body in prop::collection::vec(any::<u8>(), 0..64)) {
        _ = legacy::<PutRecordsInput>(&body);
        _ = decode::<PutMetricDataInput>(&body, Times::Seconds);
    }

    #[test]
    fn records_come_back(
        millis in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
        data in prop::collection::vec(any::<u8>(), 0..300),
        key in any::<String>(),
        behind in any::<i64>(),
    ) {
        let record = Record {
            approximate_arrival_timestamp: Some(Timestamp(millis)),
            data: Some(data.into()),
            partition_key: Some(key),
            ..Record::default()
        };
        let output = GetRecordsOutput {
            records: Some(vec![record.clone(), record]),
            millis_behind_latest: Some(behind),
            ..GetRecordsOutput::default()
        };
        for times in [Times::Millis, Times::Seconds] {
            let written = encode(&output, times);
            prop_assert_eq!(written.len(), written.capacity(), "counted first");
            prop_assert_eq!(&decode::<GetRecordsOutput>(&written, times).unwrap(), &output);
        }
        prop_assert_eq!(json::decode::<GetRecordsOutput>(&json::encode(&output)).unwrap(), output);
    }
}
