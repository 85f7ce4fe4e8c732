use super::*;
use crate::kinesis::{
    CreateStreamInput, DescribeStreamInput, GetShardIteratorInput, PutRecordsInput, PutRecordsRequestEntry,
};
use crate::{analytics, firehose};

fn message<T: Check>(input: &T) -> String {
    validate(input).unwrap_err()
}

#[test]
fn one_and_several_errors() {
    assert_eq!(
        message(&CreateStreamInput::default()),
        "1 validation error detected: Value null at 'streamName' failed to satisfy constraint: Member must not be null"
    );
    let input = CreateStreamInput { stream_name: Some(String::new()), shard_count: Some(0), ..Default::default() };
    assert_eq!(
        message(&input),
        "3 validation errors detected: Value '0' at 'shardCount' failed to satisfy constraint: Member must have value \
         greater than or equal to 1; Value '' at 'streamName' failed to satisfy constraint: Member must satisfy regular \
         expression pattern: [a-zA-Z0-9_.-]+; Value '' at 'streamName' failed to satisfy constraint: Member must have \
         length greater than or equal to 1"
    );
}

#[test]
fn enums_name_their_values() {
    let input = GetShardIteratorInput {
        shard_id: Some("shardId-000000000000".into()),
        shard_iterator_type: Some("EARLIEST".into()),
        ..Default::default()
    };
    assert_eq!(
        message(&input),
        "1 validation error detected: Value 'EARLIEST' at 'shardIteratorType' failed to satisfy constraint: Member must \
         satisfy enum value set: [AT_SEQUENCE_NUMBER, AFTER_SEQUENCE_NUMBER, TRIM_HORIZON, LATEST, AT_TIMESTAMP]"
    );
}

#[test]
fn elements_are_counted_from_one() {
    let entry = |key: &str| PutRecordsRequestEntry {
        data: Some(vec![1].into()),
        partition_key: Some(key.into()),
        explicit_hash_key: None,
    };
    let mut input = PutRecordsInput { records: Some(vec![entry("a"), entry("b"), entry("")]), ..Default::default() };
    assert_eq!(
        message(&input),
        "1 validation error detected: Value '' at 'records.3.member.partitionKey' failed to satisfy constraint: Member \
         must have length greater than or equal to 1"
    );
    input.records = Some(vec![PutRecordsRequestEntry { explicit_hash_key: Some("01".into()), ..Default::default() }]);
    assert_eq!(
        message(&input),
        "2 validation errors detected: Value null at 'records.1.member.data' failed to satisfy constraint: Member must \
         not be null; Value '01' at 'records.1.member.explicitHashKey' failed to satisfy constraint: Member must satisfy \
         regular expression pattern: ^(0|([1-9]\\d{0,38}))$"
    );
}

#[test]
fn characters_are_counted_not_bytes() {
    let entry = |key: String| PutRecordsRequestEntry {
        data: Some(vec![].into()),
        partition_key: Some(key),
        ..Default::default()
    };
    let input = |key| PutRecordsInput { records: Some(vec![entry(key)]), ..Default::default() };
    assert_eq!(validate(&input("ä".repeat(256))), Ok(()));
    assert!(message(&input("ä".repeat(257))).ends_with("less than or equal to 256"));
}

#[test]
fn at_most_ten_clauses_and_short_values() {
    let records = vec![PutRecordsRequestEntry::default(); 600];
    let text = message(&PutRecordsInput { records: Some(records), ..Default::default() });
    assert!(
        text.starts_with("10 validation errors detected: Value '[PutRecordsRequestEntry(), PutRecordsRequestEntry(), ")
    );
    assert_eq!(text.matches("; Value ").count(), 9);
    assert!(text.len() < 4000);
    let text = message(&DescribeStreamInput { stream_name: Some("é".repeat(1 << 20)), ..Default::default() });
    assert!(text.len() < 5000, "{}", text.len());
}

#[test]
fn values_look_like_java() {
    let map = BTreeMap::from([("k".to_owned(), vec![1_i32, 2])]);
    assert_eq!(java_text::of(&map), "{k=[1, 2]}");
    let entry =
        PutRecordsRequestEntry { data: Some(vec![0; 5].into()), partition_key: Some("p".into()), ..Default::default() };
    assert_eq!(
        java_text::of(&vec![entry]),
        "[PutRecordsRequestEntry(Data=java.nio.HeapByteBuffer[pos=0 lim=5 cap=5], PartitionKey=p)]"
    );
}

#[test]
fn deep_paths() {
    let tag = analytics::Tag { key: Some(String::new()), value: None };
    let input = analytics::CreateApplicationRequest {
        application_name: Some("a".into()),
        runtime_environment: Some("SQL-1_0".into()),
        service_execution_role: Some("arn:aws:iam::000000000000:role/r".into()),
        tags: Some(vec![tag]),
        ..Default::default()
    };
    assert!(message(&input).contains("at 'tags.1.member.key'"));
}

#[test]
fn every_pattern_compiles() {
    use crate::generated::{analytics, cloudwatch, dynamodb, firehose, kinesis};
    for patterns in [
        analytics::rules::PATTERNS,
        cloudwatch::rules::PATTERNS,
        dynamodb::rules::PATTERNS,
        firehose::rules::PATTERNS,
        kinesis::rules::PATTERNS,
    ] {
        for pattern in patterns {
            Regex::new(pattern.source).unwrap_or_else(|error| panic!("{}: {error}", pattern.shown));
        }
    }
}

#[test]
fn rewritten_patterns_speak_the_same_language() {
    let find = |shown: &str| {
        *crate::generated::firehose::rules::PATTERNS
            .iter()
            .find(|p| p.shown.contains(shown))
            .unwrap_or_else(|| panic!("{shown}"))
    };
    let tag_key = find("(?!aws:)");
    for good in ["", "a", "aw", "aws", "awsx", "aw:s", "a:b", "team", "ünï 9_.:/=+-@%", "xaws:"] {
        assert!(tag_key.matches(good), "{good:?}");
    }
    for bad in ["aws:", "aws:x", "a*", "x#"] {
        assert!(!tag_key.matches(bad), "{bad:?}");
    }
    let not_blank = find(r"(?!\s*$)");
    assert!(not_blank.matches(" x ") && !not_blank.matches("  ") && !not_blank.matches(""));
    let jdbc = find("jdbc:");
    assert!(jdbc.matches("jdbc:redshift://my-host.eu.redshift.amazonaws.com:5439/db"));
    assert!(!jdbc.matches("jdbc:redshift://-host.redshift.amazonaws.com:5439/db"));
}

#[test]
fn a_plain_firehose_request_passes() {
    let input = firehose::PutRecordInput {
        delivery_stream_name: Some("d".into()),
        record: Some(firehose::Record { data: Some(vec![].into()) }),
    };
    assert_eq!(validate(&input), Ok(()));
}

#[test]
fn parts_of_lists_and_maps_are_spoken_of_as_a_whole() {
    let long = "k".repeat(129);
    let keys = vec!["a".to_owned(), long.clone(), long.clone()];
    let input = crate::kinesis::RemoveTagsFromStreamInput { tag_keys: Some(keys), ..Default::default() };
    let must =
        "[Member must have length less than or equal to 128, Member must have length greater than or equal to 1]";
    assert_eq!(
        message(&input),
        format!(
            "1 validation error detected: Value '[a, {long}, {long}]' at 'tagKeys' failed to satisfy constraint: Member \
             must satisfy constraint: {must}"
        )
    );
    let tags = BTreeMap::from([("a".to_owned(), "v".repeat(257)), (long.clone(), String::new())]);
    let input = crate::kinesis::AddTagsToStreamInput { tags: Some(tags), ..Default::default() };
    let text = message(&input);
    assert!(
        text.contains(&format!("at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: {must}"))
    );
    assert!(text.ends_with(
        "Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have length \
         greater than or equal to 0]"
    ));
}
