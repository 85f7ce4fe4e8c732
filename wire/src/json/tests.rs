use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::kinesis::{
    CreateStreamInput, GetRecordsOutput, GetShardIteratorInput, PutRecordInput, PutRecordsInput,
    PutRecordsRequestEntry, Record,
};
use crate::{Blob, analytics, firehose};

fn wrong<T: Decode + std::fmt::Debug>(body: serde_json::Value) -> String {
    match decode::<T>(body.to_string().as_bytes()) {
        Err(DecodeError::WrongType(message)) => message,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn unknown_members_and_nulls_are_absent() {
    let body = br#"{"StreamName":"a","ShardCount":null,"New":{"x":[1,{"y":null}]},"Tags":{"k":"v"}}"#;
    let input: CreateStreamInput = decode(body).unwrap();
    assert_eq!((input.stream_name.as_deref(), input.shard_count), (Some("a"), None));
    assert_eq!(input.tags.unwrap()["k"], "v");
}

#[test]
fn integers_are_cut_and_saturate() {
    for (text, value) in
        [("3", 3), ("3.99", 3), ("-2.5", -2), ("1e3", 1000), ("99999999999", i32::MAX), ("-1e300", i32::MIN)]
    {
        let input: CreateStreamInput = decode(format!(r#"{{"ShardCount":{text}}}"#).as_bytes()).unwrap();
        assert_eq!(input.shard_count, Some(value), "{text}");
    }
}

#[test]
fn wrong_types_are_refused_in_the_words_of_aws() {
    type Create = CreateStreamInput;
    let number = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to";
    for (body, message) in [
        (json!({"StreamName": 1}), format!("{number} an String")),
        (json!({"StreamName": true}), "class java.lang.Boolean can not be converted to an String".into()),
        (json!({"StreamName": []}), "Start of list found where not expected".into()),
        (json!({"StreamName": {}}), "Start of structure or map found where not expected.".into()),
        (json!({"ShardCount": "1"}), "class java.lang.String can not be converted to an Integer".into()),
        (json!({"ShardCount": false}), "class java.lang.Boolean can not be converted to an Integer".into()),
        (json!({"Tags": "x"}), "Expected map or null".into()),
        (json!({"Tags": [1]}), "Start of list found where not expected".into()),
        (json!([]), "Start of list found where not expected".into()),
        (json!(5), "Expected null".into()),
    ] {
        assert_eq!(wrong::<Create>(body.clone()), message, "{body}");
    }
    assert_eq!(wrong::<PutRecordsInput>(json!({"Records": {}})), "Start of structure or map found where not expected.");
    assert_eq!(wrong::<PutRecordsInput>(json!({"DryRun": "true"})), "'true' can not be converted to an Boolean");
    assert_eq!(wrong::<PutRecordsInput>(json!({"DryRun": 1})), format!("{number} an Boolean"));
    assert_eq!(wrong::<PutRecordInput>(json!({"Data": 1})), format!("{number} a Blob"));
    assert_eq!(
        wrong::<GetShardIteratorInput>(json!({"Timestamp": "2026-01-01"})),
        "class java.lang.String can not be converted to milliseconds since epoch"
    );
}

#[test]
fn base64_is_strict() {
    for (text, message) in [
        ("YQ", "Base64 encoded length is expected a multiple of 4 bytes but found: 2"),
        ("YQ=", "Base64 encoded length is expected a multiple of 4 bytes but found: 3"),
        ("YQ_=", "Invalid Base64 character: '_'"),
        ("Y Q=", "Invalid Base64 character: ' '"),
        ("Y=Q=", "Invalid Base64 character: '='"),
        ("YR==", "Invalid last non-pad Base64 character dectected"),
        ("YWF=", "Invalid last non-pad Base64 character dectected"),
        ("====", "Invalid last non-pad Base64 character dectected"),
    ] {
        let message = format!("'{text}' can not be converted to a Blob: {message}");
        assert_eq!(wrong::<PutRecordInput>(json!({"Data": text})), message);
    }
    for (text, bytes) in [("", ""), ("YQ==", "a"), ("YWE=", "aa"), ("YWFh", "aaa"), ("Pz8\\/", "???")] {
        let input: PutRecordInput = decode(format!(r#"{{"Data":"{text}"}}"#).as_bytes()).unwrap();
        assert_eq!(input.data.unwrap().0, bytes, "{text}");
    }
}

#[test]
fn timestamps_are_seconds_with_milliseconds() {
    for (text, millis) in
        [("1459799926.480", 1_459_799_926_480), ("1", 1000), ("1.45979992648E9", 1_459_799_926_480), ("-0.5", -500)]
    {
        let input: GetShardIteratorInput = decode(format!(r#"{{"Timestamp":{text}}}"#).as_bytes()).unwrap();
        assert_eq!(input.timestamp, Some(Timestamp(millis)), "{text}");
    }
    let record = Record { approximate_arrival_timestamp: Some(Timestamp(1_459_799_926_048)), ..Record::default() };
    assert_eq!(encode(&record), br#"{"ApproximateArrivalTimestamp":1459799926.048}"#);
}

#[test]
fn outputs_leave_absent_members_out() {
    let record = Record { data: Some(b"hi".to_vec().into()), partition_key: Some("k\"\n".into()), ..Record::default() };
    let output = GetRecordsOutput { records: Some(vec![record]), millis_behind_latest: Some(0), ..Default::default() };
    assert_eq!(
        String::from_utf8(encode(&output)).unwrap(),
        r#"{"MillisBehindLatest":0,"Records":[{"Data":"aGk=","PartitionKey":"k\"\n"}]}"#
    );
    assert_eq!(encode(&firehose::DeleteDeliveryStreamOutput::default()), b"{}");
}

#[test]
fn malformed_bodies_are_told_from_wrong_types() {
    for body in ["", "{", "{\"a\":}", "{}x", "nope", "{\"StreamName\":\"\u{1}\"}"] {
        assert!(matches!(decode::<CreateStreamInput>(body.as_bytes()), Err(DecodeError::Malformed(_))), "{body:?}");
    }
    let deep = format!("{{\"x\":{}", "[".repeat(100_000));
    assert!(matches!(decode::<CreateStreamInput>(deep.as_bytes()), Err(DecodeError::Malformed(_))));
    assert!(matches!(decode::<CreateStreamInput>(b"{\"StreamName\":\"\xff\"}"), Err(DecodeError::Malformed(_))));
    assert!(matches!(decode::<CreateStreamInput>(b"null"), Err(DecodeError::WrongType(_))));
}

fn entries() -> impl Strategy<Value = Vec<PutRecordsRequestEntry>> {
    let entry = (
        proptest::option::of(proptest::collection::vec(any::<u8>(), 0..200)),
        proptest::option::of(any::<String>()),
        proptest::option::of(any::<String>()),
    );
    proptest::collection::vec(
        entry.prop_map(|(data, explicit_hash_key, partition_key)| PutRecordsRequestEntry {
            data: data.map(Blob::from),
            explicit_hash_key,
            partition_key,
        }),
        0..20,
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(records in entries(), name in any::<Option<String>>(), dry_run in any::<Option<bool>>()) {
        let input = PutRecordsInput { records: Some(records), stream_name: name, dry_run, ..Default::default() };
        prop_assert_eq!(decode::<PutRecordsInput>(&encode(&input)).unwrap(), input);
    }

    #[test]
    fn numbers_and_times_are_read_back(count in any::<Option<i32>>(), millis in -4_000_000_000_000_i64..253_402_300_800_000) {
        let input = CreateStreamInput { shard_count: count, ..Default::default() };
        prop_assert_eq!(decode::<CreateStreamInput>(&encode(&input)).unwrap(), input);
        let input = GetShardIteratorInput { timestamp: Some(Timestamp(millis)), ..Default::default() };
        prop_assert_eq!(decode::<GetShardIteratorInput>(&encode(&input)).unwrap(), input);
    }

    #[test]
    fn what_is_written_is_json(records in entries()) {
        let input = PutRecordsInput { records: Some(records.clone()), ..Default::default() };
        let written = encode(&input);
        prop_assert_eq!(written.len(), written.capacity(), "counted first");
        let value: serde_json::Value = serde_json::from_slice(&written).unwrap();
        prop_assert_eq!(value["Records"].as_array().unwrap().len(), records.len());
    }

    #[test]
    fn no_bytes_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        _ = decode::<PutRecordsInput>(&body);
        _ = decode::<firehose::CreateDeliveryStreamInput>(&body);
        _ = decode::<analytics::CreateApplicationRequest>(&body);
    }

    #[test]
    fn no_json_panics(body in json_text()) {
        if let Ok(input) = decode::<PutRecordsInput>(body.as_bytes()) {
            _ = crate::validate(&input);
        }
        if let Ok(input) = decode::<analytics::CreateApplicationRequest>(body.as_bytes()) {
            _ = crate::validate(&input);
        }
    }
}

/// JSON that uses the members of real shapes with values of any type.
fn json_text() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<f64>().prop_filter("JSON has no such number", |n| n.is_finite()).prop_map(|n| n.to_string()),
        any::<String>().prop_map(|s| json!(s).to_string()),
    ];
    let name = prop_oneof![
        Just("Records"),
        Just("Data"),
        Just("PartitionKey"),
        Just("StreamName"),
        Just("ApplicationConfiguration"),
        Just("SqlApplicationConfiguration"),
        Just("Inputs"),
        Just("InputSchema"),
        Just("Tags"),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|list| format!("[{}]", list.join(","))),
            proptest::collection::vec((name.clone(), inner), 0..6).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}
