//! The ten operations over a real app in a folder of its own, as JSON in and JSON out.

use std::sync::Arc;

use serde_json::{Value, json};
use types::{Region, Scope};

use crate::app::{App, AppConfig};
use crate::auth::Caller;
use crate::error::ApiError;

struct Bench {
    app: Arc<App>,
    caller: Caller,
    _folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(AppConfig::for_test(folder.path())).await.unwrap();
        let scope = Scope { account: app.account.clone(), region: Region::parse("us-east-1").unwrap() };
        Self { app, caller: Caller::for_test(scope), _folder: folder }
    }

    /// With a stream `s` of that many shards.
    async fn with_stream(shards: u32) -> Self {
        let bench = Self::new().await;
        bench.ok("CreateStream", json!({"StreamName": "s", "ShardCount": shards})).await;
        bench
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        let body = super::call(&self.app, &self.caller, operation, wire::Codec::Json11, &input.to_string().into())
            .await?
            .into_whole();
        Ok(if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() })
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.call(operation, input.clone()).await.unwrap_or_else(|error| panic!("{operation} {input}: {error:?}"))
    }

    /// The code and message of a refusal.
    async fn no(&self, operation: &str, input: Value) -> (&'static str, String) {
        match self.call(operation, input.clone()).await {
            Err(error) => (error.code, error.message),
            Ok(output) => panic!("{operation} {input}: {output}"),
        }
    }

    async fn iterator(&self, shard: &str, extra: Value) -> String {
        let mut input = json!({"StreamName": "s", "ShardId": shard});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        self.ok("GetShardIterator", input).await["ShardIterator"].as_str().unwrap().to_owned()
    }

    async fn get(&self, iterator: &str) -> Value {
        self.ok("GetRecords", json!({"ShardIterator": iterator})).await
    }
}

const SHARD: &str = "shardId-000000000000";
const ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

#[tokio::test]
async fn a_record_travels() {
    let bench = Bench::with_stream(2).await;
    let put = bench.ok("PutRecord", json!({"StreamName": "s", "Data": "aGVsbG8=", "PartitionKey": "k"})).await;
    let shard = put["ShardId"].as_str().unwrap();
    let page = bench.get(&bench.iterator(shard, json!({"ShardIteratorType": "TRIM_HORIZON"})).await).await;
    let record = &page["Records"][0];
    assert_eq!((&record["Data"], &record["PartitionKey"]), (&json!("aGVsbG8="), &json!("k")));
    assert_eq!(record["SequenceNumber"], put["SequenceNumber"]);
    assert!(record["ApproximateArrivalTimestamp"].as_f64().unwrap() > 1.7e9);
    assert_eq!(page["MillisBehindLatest"], 0);
    assert!(page.get("ChildShards").is_none());
    let next = bench.get(page["NextShardIterator"].as_str().unwrap()).await;
    assert_eq!(next["Records"], json!([]));
}

#[tokio::test]
async fn a_batch_answers_in_order() {
    let bench = Bench::with_stream(4).await;
    let records: Vec<Value> = (0..20).map(|n| json!({"Data": "", "PartitionKey": format!("k{n}")})).collect();
    let output = bench.ok("PutRecords", json!({"StreamARN": ARN, "Records": records})).await;
    assert_eq!(output["FailedRecordCount"], 0);
    assert_eq!(output["Records"].as_array().unwrap().len(), 20);
    let forced = json!({"Data": "", "PartitionKey": "k", "ExplicitHashKey": "340282366920938463463374607431768211455"});
    let output = bench.ok("PutRecords", json!({"StreamName": "s", "Records": [forced]})).await;
    assert_eq!(output["Records"][0]["ShardId"], "shardId-000000000003");
}

#[tokio::test]
async fn a_wrong_entry_refuses_the_batch() {
    let bench = Bench::with_stream(1).await;
    let put = |records: Value| bench.no("PutRecords", json!({"StreamName": "s", "Records": records}));
    let (code, message) = put(json!([{"Data": "", "PartitionKey": "a"}, {"Data": ""}])).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("Value null at 'records.2.member.partitionKey'"), "{message}");
    let big = "340282366920938463463374607431768211456";
    let (code, _) = put(json!([{"Data": "", "PartitionKey": "a", "ExplicitHashKey": big}])).await;
    assert_eq!(code, "InvalidArgumentException");
    assert_eq!(put(json!([])).await.0, "ValidationException");
    assert_eq!(put(json!([{"Data": "a", "PartitionKey": "a"}])).await.0, "SerializationException");
}

#[tokio::test]
async fn every_iterator_type() {
    let bench = Bench::with_stream(1).await;
    let mut numbers = Vec::new();
    for n in 0..3 {
        let put = bench.ok("PutRecord", json!({"StreamName": "s", "Data": "", "PartitionKey": n.to_string()})).await;
        numbers.push(put["SequenceNumber"].as_str().unwrap().to_owned());
    }
    for (extra, keys) in [
        (json!({"ShardIteratorType": "TRIM_HORIZON"}), vec!["0", "1", "2"]),
        (json!({"ShardIteratorType": "LATEST"}), vec![]),
        (json!({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": numbers[1]}), vec!["1", "2"]),
        (json!({"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": numbers[1]}), vec!["2"]),
        (json!({"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": 1.5}), vec!["0", "1", "2"]),
    ] {
        let page = bench.get(&bench.iterator(SHARD, extra.clone()).await).await;
        let found: Vec<_> = page["Records"].as_array().unwrap().iter().map(|r| r["PartitionKey"].clone()).collect();
        assert_eq!(found, keys, "{extra}");
    }
}

#[tokio::test]
async fn iterator_arguments_must_fit_the_type() {
    let bench = Bench::with_stream(1).await;
    let far = 4_000_000_000_u64;
    for (extra, code) in [
        (json!({"ShardIteratorType": "LATEST", "StartingSequenceNumber": "1"}), "InvalidArgumentException"),
        (json!({"ShardIteratorType": "AT_SEQUENCE_NUMBER"}), "InvalidArgumentException"),
        (json!({"ShardIteratorType": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "1"}), "InvalidArgumentException"),
        (json!({"ShardIteratorType": "AT_TIMESTAMP"}), "InvalidArgumentException"),
        (json!({"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": far}), "InvalidArgumentException"),
        (json!({"ShardIteratorType": "NEWEST"}), "ValidationException"),
        (json!({"ShardIteratorType": "LATEST", "DryRun": true}), "DryRunOperationException"),
    ] {
        let mut input = json!({"StreamName": "s", "ShardId": SHARD});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(bench.no("GetShardIterator", input).await.0, code, "{extra}");
    }
    let input = json!({"StreamName": "s", "ShardId": "shardId-000000000009", "ShardIteratorType": "LATEST"});
    assert_eq!(
        bench.no("GetShardIterator", input).await,
        (
            "ResourceNotFoundException",
            "Shard shardId-000000000009 in stream s under account 000000000000 does not exist".into()
        )
    );
    assert_eq!(bench.no("GetRecords", json!({"ShardIterator": "AAAA"})).await.0, "InvalidArgumentException");
}

#[tokio::test]
async fn an_iterator_belongs_to_its_stream() {
    let bench = Bench::with_stream(1).await;
    let iterator = bench.iterator(SHARD, json!({"ShardIteratorType": "LATEST"})).await;
    bench.ok("GetRecords", json!({"ShardIterator": iterator, "StreamARN": ARN})).await;
    let other = "arn:aws:kinesis:us-east-1:000000000000:stream/other";
    let (code, _) = bench.no("GetRecords", json!({"ShardIterator": iterator, "StreamARN": other})).await;
    assert_eq!(code, "InvalidArgumentException");
    assert_eq!(
        bench.no("GetRecords", json!({"ShardIterator": iterator, "DryRun": true})).await.0,
        "DryRunOperationException"
    );
    bench.ok("DeleteStream", json!({"StreamName": "s"})).await;
    assert_eq!(bench.no("GetRecords", json!({"ShardIterator": iterator})).await.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn descriptions() {
    let bench = Bench::with_stream(3).await;
    let description =
        bench.ok("DescribeStream", json!({"StreamName": "s", "Limit": 2})).await["StreamDescription"].clone();
    assert_eq!(description["StreamARN"], ARN);
    assert_eq!(description["StreamStatus"], "ACTIVE");
    assert_eq!(description["EnhancedMonitoring"], json!([{"ShardLevelMetrics": []}]));
    assert_eq!((&description["EncryptionType"], &description["HasMoreShards"]), (&json!("NONE"), &json!(true)));
    assert_eq!(description["RetentionPeriodHours"], 24);
    let last = &description["Shards"][1]["ShardId"];
    let rest = bench.ok("DescribeStream", json!({"StreamARN": ARN, "ExclusiveStartShardId": last})).await;
    let rest = &rest["StreamDescription"];
    assert_eq!((rest["Shards"].as_array().unwrap().len(), &rest["HasMoreShards"]), (1, &json!(false)));
    assert_eq!(rest["Shards"][0]["HashKeyRange"]["EndingHashKey"], "340282366920938463463374607431768211455");

    let summary =
        bench.ok("DescribeStreamSummary", json!({"StreamName": "s"})).await["StreamDescriptionSummary"].clone();
    assert_eq!((&summary["OpenShardCount"], &summary["ConsumerCount"]), (&json!(3), &json!(0)));
    assert_eq!(summary["MaxRecordSizeInKiB"], 1024);
    assert_eq!(summary["StreamModeDetails"], json!({"StreamMode": "PROVISIONED"}));
    assert!(summary.get("StreamId").is_none());
}

#[tokio::test]
async fn streams_are_made_once_and_named_somehow() {
    let bench = Bench::with_stream(1).await;
    let create = |input| bench.no("CreateStream", input);
    assert_eq!(create(json!({"StreamName": "s", "ShardCount": 1})).await.0, "ResourceInUseException");
    assert_eq!(create(json!({"StreamName": "t"})).await.0, "InvalidArgumentException");
    assert_eq!(create(json!({"StreamName": "t u", "ShardCount": 1})).await.0, "ValidationException");
    assert_eq!(create(json!({"StreamName": "t", "ShardCount": 1_000_000})).await.0, "LimitExceededException");
    assert_eq!(bench.no("DescribeStream", json!({})).await.0, "InvalidArgumentException");
    assert_eq!(
        bench.no("DescribeStream", json!({"StreamName": "orders"})).await,
        ("ResourceNotFoundException", "Stream orders under account 000000000000 not found.".into())
    );
    bench.ok("CreateStream", json!({"StreamName": "od", "StreamModeDetails": {"StreamMode": "ON_DEMAND"}})).await;
    let summary = bench.ok("DescribeStreamSummary", json!({"StreamName": "od"})).await;
    assert_eq!(summary["StreamDescriptionSummary"]["OpenShardCount"], 4);
    assert_eq!(bench.no("DeleteStream", json!({"StreamName": "gone"})).await.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn streams_are_listed_in_pages() {
    let bench = Bench::new().await;
    for name in ["c", "a", "b"] {
        bench.ok("CreateStream", json!({"StreamName": name, "ShardCount": 1})).await;
    }
    let page = bench.ok("ListStreams", json!({"Limit": 2})).await;
    assert_eq!((&page["StreamNames"], &page["HasMoreStreams"]), (&json!(["a", "b"]), &json!(true)));
    assert_eq!(page["StreamSummaries"][0]["StreamStatus"], "ACTIVE");
    let rest = bench.ok("ListStreams", json!({"NextToken": page["NextToken"]})).await;
    assert_eq!((&rest["StreamNames"], &rest["HasMoreStreams"]), (&json!(["c"]), &json!(false)));
    assert!(rest.get("NextToken").is_none());
    let rest = bench.ok("ListStreams", json!({"ExclusiveStartStreamName": "a"})).await;
    assert_eq!(rest["StreamNames"], json!(["b", "c"]));
    assert_eq!(bench.no("ListStreams", json!({"NextToken": "x"})).await.0, "InvalidArgumentException");
}

#[tokio::test]
async fn shards_are_listed_in_pages() {
    let bench = Bench::with_stream(5).await;
    let latest = json!({"StreamName": "s", "MaxResults": 3, "ShardFilter": {"Type": "AT_LATEST"}});
    let page = bench.ok("ListShards", latest).await;
    let token = &page["NextToken"];
    let rest = bench.ok("ListShards", json!({"NextToken": token, "MaxResults": 10})).await;
    assert_eq!((page["Shards"].as_array().unwrap().len(), rest["Shards"].as_array().unwrap().len()), (3, 2));
    assert!(rest.get("NextToken").is_none());
    for (extra, code) in [
        (json!({"StreamName": "s"}), "InvalidArgumentException"),
        (json!({"ShardFilter": {"Type": "AT_LATEST"}}), "InvalidArgumentException"),
        (json!({"ExclusiveStartShardId": SHARD}), "InvalidArgumentException"),
        (json!({"StreamCreationTimestamp": 1}), "InvalidArgumentException"),
        (json!({"StreamARN": "arn:aws:kinesis:us-east-1:000000000000:stream/t"}), "InvalidArgumentException"),
    ] {
        let mut input = json!({"NextToken": token});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        assert_eq!(bench.no("ListShards", input).await.0, code, "{extra}");
    }
    assert_eq!(bench.no("ListShards", json!({})).await.0, "InvalidArgumentException");
    bench.ok("DeleteStream", json!({"StreamName": "s"})).await;
    bench.ok("CreateStream", json!({"StreamName": "s", "ShardCount": 5})).await;
    assert_eq!(bench.no("ListShards", json!({"NextToken": token})).await.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn shard_filters_need_their_own_property() {
    let bench = Bench::with_stream(3).await;
    let list = |filter: Value| json!({"StreamName": "s", "ShardFilter": filter});
    for (filter, count) in [
        (json!({"Type": "FROM_TRIM_HORIZON"}), 3),
        (json!({"Type": "AT_TRIM_HORIZON"}), 3),
        (json!({"Type": "AFTER_SHARD_ID", "ShardId": SHARD}), 2),
        (json!({"Type": "FROM_TIMESTAMP", "Timestamp": 0}), 3),
    ] {
        let shards = bench.ok("ListShards", list(filter.clone())).await["Shards"].clone();
        assert_eq!(shards.as_array().unwrap().len(), count, "{filter}");
    }
    for filter in [
        json!({"Type": "AFTER_SHARD_ID"}),
        json!({"Type": "AFTER_SHARD_ID", "ShardId": "x"}),
        json!({"Type": "AT_TIMESTAMP"}),
        json!({"Type": "AT_LATEST", "Timestamp": 0}),
        json!({"Type": "AT_LATEST", "ShardId": SHARD}),
    ] {
        assert_eq!(bench.no("ListShards", list(filter.clone())).await.0, "InvalidArgumentException", "{filter}");
    }
    let after = bench.ok("ListShards", json!({"StreamName": "s", "ExclusiveStartShardId": SHARD})).await;
    assert_eq!(after["Shards"].as_array().unwrap().len(), 2);
    let other = bench.no("ListShards", json!({"StreamName": "s", "StreamCreationTimestamp": 5})).await;
    assert_eq!(other.0, "ResourceNotFoundException");
}

#[tokio::test]
async fn dry_runs_and_ordering_numbers() {
    let bench = Bench::with_stream(1).await;
    let put = |extra: Value| {
        let mut input = json!({"StreamName": "s", "Data": "", "PartitionKey": "k"});
        input.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        input
    };
    let first = bench.ok("PutRecord", put(json!({}))).await["SequenceNumber"].clone();
    bench.ok("PutRecord", put(json!({"SequenceNumberForOrdering": first}))).await;
    for number in ["5", "49646437577108476416916876405825929425585429676275269634"] {
        let refused = bench.no("PutRecord", put(json!({"SequenceNumberForOrdering": number}))).await;
        assert_eq!(refused.0, "InvalidArgumentException");
    }
    assert_eq!(bench.no("PutRecord", put(json!({"DryRun": true}))).await.0, "DryRunOperationException");
    let records = json!({"StreamName": "s", "DryRun": true, "Records": [{"Data": "", "PartitionKey": "k"}]});
    assert_eq!(bench.no("PutRecords", records).await.0, "DryRunOperationException");
    let wrong_hash = put(json!({"DryRun": true, "ExplicitHashKey": "340282366920938463463374607431768211456"}));
    assert_eq!(bench.no("PutRecord", wrong_hash).await.0, "InvalidArgumentException", "what would fail fails");
    let records = json!({"StreamName": "s", "DryRun": true, "Records": [
        {"Data": "", "PartitionKey": "k", "ExplicitHashKey": "340282366920938463463374607431768211456"}]});
    assert_eq!(bench.no("PutRecords", records).await.0, "InvalidArgumentException");
    let gone = json!({"StreamName": "t", "DryRun": true, "Records": [{"Data": "", "PartitionKey": "k"}]});
    assert_eq!(bench.no("PutRecords", gone).await.0, "ResourceNotFoundException");
}
