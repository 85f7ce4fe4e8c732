//! The six operations over a real app in a folder of its own, as JSON in and JSON out.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use types::{Region, Scope};

use crate::api::kinesis;
use crate::app::{App, AppConfig};
use crate::auth::Caller;
use crate::error::ApiError;

struct Bench {
    app: Arc<App>,
    caller: Caller,
    folder: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let app = App::open(AppConfig::for_test(folder.path())).await.unwrap();
        let scope = Scope { account: app.account.clone(), region: Region::parse("us-east-1").unwrap() };
        Self { app, caller: Caller::for_test(scope), folder }
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        let body = super::call(&self.app, &self.caller, operation, wire::Codec::Json11, &input.to_string().into())
            .await?
            .into_whole();
        Ok(serde_json::from_slice(&body).unwrap())
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

    async fn create(&self, name: &str, more: Value) -> Value {
        self.ok("CreateDeliveryStream", create(name, more)).await
    }

    async fn describe(&self, name: &str) -> Value {
        let output = self.ok("DescribeDeliveryStream", json!({"DeliveryStreamName": name})).await;
        output["DeliveryStreamDescription"].clone()
    }

    /// What stands in the bucket after everything was delivered, by key.
    async fn bucket_after_shutdown(&self, bucket: &str) -> Vec<(String, Vec<u8>)> {
        self.app.shutdown().await;
        let root = self.folder.path().join("buckets").join(bucket);
        files(&root).into_iter().map(|file| (key(&root, &file), std::fs::read(file).unwrap())).collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn key(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap().display().to_string()
}

fn s3(more: Value) -> Value {
    let mut config = json!({"BucketARN": "arn:aws:s3:::bucket", "RoleARN": "arn:aws:iam::000000000000:role/firehose"});
    config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    config
}

fn create(name: &str, more: Value) -> Value {
    let mut input = json!({"DeliveryStreamName": name, "ExtendedS3DestinationConfiguration": s3(json!({}))});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

const STREAM_ARN: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/s";

fn from_stream(arn: &str) -> Value {
    json!({
        "DeliveryStreamType": "KinesisStreamAsSource",
        "KinesisStreamSourceConfiguration": {
            "KinesisStreamARN": arn,
            "RoleARN": "arn:aws:iam::000000000000:role/firehose",
        },
    })
}

#[tokio::test]
async fn put_records_are_in_the_bucket_after_a_shutdown() {
    let bench = Bench::new().await;
    let created = bench.create("orders", json!({})).await;
    assert_eq!(created["DeliveryStreamARN"], "arn:aws:firehose:us-east-1:000000000000:deliverystream/orders");
    let put = bench.ok("PutRecord", json!({"DeliveryStreamName": "orders", "Record": {"Data": "b25lCg=="}})).await;
    assert_eq!(put["Encrypted"], false);
    let records = json!([{"Data": "dHdvCg=="}, {"Data": ""}, {"Data": "dGhyZWUK"}]);
    let batch = bench.ok("PutRecordBatch", json!({"DeliveryStreamName": "orders", "Records": records})).await;
    assert_eq!(batch["FailedPutCount"], 0);
    let entries = batch["RequestResponses"].as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["RecordId"].is_string() && entry.get("ErrorCode").is_none()));
    assert_eq!(entries.len(), 3);
    let objects = bench.bucket_after_shutdown("bucket").await;
    assert_eq!(objects.len(), 1);
    assert!(objects[0].0.contains("/orders-1-"), "{}", objects[0].0);
    assert_eq!(objects[0].1, b"one\ntwo\nthree\n");
    let (code, _) = bench.no("PutRecord", json!({"DeliveryStreamName": "orders", "Record": {"Data": ""}})).await;
    assert_eq!(code, "ServiceUnavailableException");
}

#[tokio::test]
async fn a_stopping_server_fails_each_record_of_a_batch() {
    let bench = Bench::new().await;
    bench.create("orders", json!({})).await;
    bench.app.shutdown().await;
    let input = json!({"DeliveryStreamName": "orders", "Records": [{"Data": ""}, {"Data": ""}]});
    let batch = bench.ok("PutRecordBatch", input).await;
    assert_eq!(batch["FailedPutCount"], 2);
    assert_eq!(batch["RequestResponses"][1]["ErrorCode"], "ServiceUnavailableException");
    assert!(batch["RequestResponses"][1].get("RecordId").is_none());
}

#[tokio::test]
async fn a_stream_is_delivered() {
    let bench = Bench::new().await;
    let kinesis = async |operation: &str, input: Value| {
        kinesis::call(&bench.app, &bench.caller, operation, wire::Codec::Json11, &input.to_string().into())
            .await
            .unwrap()
            .into_whole()
    };
    kinesis("CreateStream", json!({"StreamName": "s", "ShardCount": 2})).await;
    kinesis("PutRecord", json!({"StreamName": "s", "Data": "b2xkCg==", "PartitionKey": "k"})).await;
    bench.create("orders", from_stream(STREAM_ARN)).await;
    kinesis("PutRecord", json!({"StreamName": "s", "Data": "bmV3Cg==", "PartitionKey": "k"})).await;
    let (code, message) = bench.no("PutRecord", json!({"DeliveryStreamName": "orders", "Record": {"Data": ""}})).await;
    assert_eq!(code, "InvalidArgumentException");
    assert_eq!(message, "This operation is not permitted on KinesisStreamAsSource delivery stream type.");

    let described = bench.describe("orders").await;
    assert_eq!(described["DeliveryStreamType"], "KinesisStreamAsSource");
    let source = &described["Source"]["KinesisStreamSourceDescription"];
    assert_eq!(source["KinesisStreamARN"], STREAM_ARN);
    assert!(source["DeliveryStartTimestamp"].as_f64().unwrap() > 1.7e9);
    let objects = bench.bucket_after_shutdown("bucket").await;
    assert_eq!(objects.iter().map(|(_, body)| &body[..]).collect::<Vec<_>>(), [b"new\n"]);
}

#[tokio::test]
async fn described_as_it_was_given() {
    let bench = Bench::new().await;
    bench.create("plain", json!({})).await;
    let described = bench.describe("plain").await;
    assert_eq!(described["DeliveryStreamStatus"], "ACTIVE");
    assert_eq!((&described["VersionId"], &described["HasMoreDestinations"]), (&json!("1"), &json!(false)));
    assert!(described.get("Source").is_none());
    let destination = &described["Destinations"][0];
    assert_eq!(destination["DestinationId"], "destinationId-000000000001");
    let plain = &destination["S3DestinationDescription"];
    assert_eq!(plain["BufferingHints"], json!({"SizeInMBs": 5, "IntervalInSeconds": 300}));
    assert_eq!(plain["CompressionFormat"], "UNCOMPRESSED");
    assert_eq!(plain["EncryptionConfiguration"], json!({"NoEncryptionConfig": "NoEncryption"}));

    let given = s3(json!({
        "Prefix": "y=!{timestamp:yyyy}/",
        "ErrorOutputPrefix": "!{firehose:error-output-type}/",
        "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 0},
        "CompressionFormat": "GZIP",
        "FileExtension": ".json.gz",
        "CustomTimeZone": "Europe/Berlin",
        "CloudWatchLoggingOptions": {"Enabled": true, "LogGroupName": "g", "LogStreamName": "s"},
        "ProcessingConfiguration": {"Enabled": true, "Processors": [{
            "Type": "AppendDelimiterToRecord",
            "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
        }]},
        "S3BackupMode": "Disabled",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    }));
    bench.create("rich", json!({"ExtendedS3DestinationConfiguration": given})).await;
    let described = bench.describe("rich").await;
    assert_eq!(described["Destinations"][0]["ExtendedS3DestinationDescription"], given);
}

#[tokio::test]
async fn the_legacy_destination_is_taken() {
    let bench = Bench::new().await;
    let input = json!({"DeliveryStreamName": "old", "S3DestinationConfiguration": s3(json!({"Prefix": "p/"}))});
    bench.ok("CreateDeliveryStream", input).await;
    let destination = bench.describe("old").await["Destinations"][0].clone();
    assert_eq!(destination["S3DestinationDescription"]["Prefix"], "p/");
    assert_eq!(destination["ExtendedS3DestinationDescription"]["Prefix"], "p/");
}

#[tokio::test]
async fn listed_by_page_and_type_and_deleted() {
    let bench = Bench::new().await;
    for number in 0..12 {
        bench.create(&format!("d{number:02}"), json!({"DeliveryStreamType": "DirectPut"})).await;
    }
    let first = bench.ok("ListDeliveryStreams", json!({})).await;
    assert_eq!(first["DeliveryStreamNames"].as_array().unwrap().len(), 10);
    assert_eq!(first["HasMoreDeliveryStreams"], true);
    let rest = json!({"ExclusiveStartDeliveryStreamName": "d09", "Limit": 2});
    let expected = json!({"DeliveryStreamNames": ["d10", "d11"], "HasMoreDeliveryStreams": false});
    assert_eq!(bench.ok("ListDeliveryStreams", rest).await, expected);
    let other = bench.ok("ListDeliveryStreams", json!({"DeliveryStreamType": "KinesisStreamAsSource"})).await;
    assert_eq!(other["DeliveryStreamNames"], json!([]));

    assert_eq!(bench.ok("DeleteDeliveryStream", json!({"DeliveryStreamName": "d00"})).await, json!({}));
    let gone = ("ResourceNotFoundException", "Firehose d00 under account 000000000000 not found.".to_owned());
    for operation in ["DeleteDeliveryStream", "DescribeDeliveryStream"] {
        assert_eq!(bench.no(operation, json!({"DeliveryStreamName": "d00"})).await, gone);
    }
    assert_eq!(bench.no("PutRecord", json!({"DeliveryStreamName": "d00", "Record": {"Data": ""}})).await, gone);
}

#[tokio::test]
async fn what_is_refused_on_creation() {
    let bench = Bench::new().await;
    bench.create("taken", json!({})).await;
    let taken = ("ResourceInUseException", "Firehose taken under accountId 000000000000 already exists".to_owned());
    assert_eq!(bench.no("CreateDeliveryStream", create("taken", json!({}))).await, taken);
    let elsewhere = "arn:aws:kinesis:us-east-1:111111111111:stream/s";
    for (more, words) in [
        (json!({"DeliveryStreamType": "KinesisStreamAsSource"}), "KinesisStreamSourceConfiguration is required"),
        (json!({"DeliveryStreamType": "MSKAsSource"}), "MSKAsSource is not supported"),
        (from_stream(STREAM_ARN), "Stream s under account 000000000000 not found."),
        (from_stream(elsewhere), "must be in the account and region of the request"),
        (
            json!({"DirectPutSourceConfiguration": {"ThroughputHintInMBs": 1}, "DeliveryStreamType": "MSKAsSource"}),
            "does not go with",
        ),
        (json!({"S3DestinationConfiguration": s3(json!({}))}), "Exactly one destination"),
        (json!({"DeliveryStreamEncryptionConfigurationInput": {"KeyType": "AWS_OWNED_CMK"}}), "encryption"),
        (json!({"Tags": [{"Key": "k"}, {"Key": "k"}]}), "given twice"),
        (
            json!({"ExtendedS3DestinationConfiguration": s3(json!({"Prefix": "!{x:y}/", "ErrorOutputPrefix": "e/"}))}),
            "unknown expression",
        ),
        (
            json!({"ExtendedS3DestinationConfiguration": s3(json!({"Prefix": "!{timestamp:yyyy}/"}))}),
            "ErrorOutputPrefix cannot be null",
        ),
        (
            json!({"ExtendedS3DestinationConfiguration": s3(json!({"CompressionFormat": "ZIP"}))}),
            "ZIP is not supported",
        ),
    ] {
        let (code, message) = bench.no("CreateDeliveryStream", create("new", more.clone())).await;
        assert_eq!(code, "InvalidArgumentException", "{more}: {message}");
        assert!(message.contains(words), "{more}: {message}");
    }
    let hints = s3(json!({"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 901}}));
    let wide = create("new", json!({"ExtendedS3DestinationConfiguration": hints}));
    assert_eq!(bench.no("CreateDeliveryStream", wide).await.0, "ValidationException");
    let listed = bench.ok("ListDeliveryStreams", json!({})).await;
    assert_eq!(listed["DeliveryStreamNames"], json!(["taken"]), "what was refused left nothing behind");
}
