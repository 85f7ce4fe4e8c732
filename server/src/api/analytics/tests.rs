//! The six operations over a real app in a folder of its own, as JSON in and JSON out.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use types::{Region, Scope};

use crate::app::{App, AppConfig};
use crate::auth::Caller;
use crate::error::ApiError;

const SQL: &str = "CREATE TABLE i (n INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kinesis', 'stream' = 'i', 'source.init.position' = 'TRIM_HORIZON', 'format' = 'json');
CREATE TABLE o (n BIGINT) WITH ('connector' = 'kinesis', 'stream' = 'o', 'format' = 'json');
INSERT INTO o SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE i, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, window_end";

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

    async fn stream(&self, operation: &str, input: Value) -> Value {
        let input = input.to_string().into();
        let body = crate::api::kinesis::call(&self.app, &self.caller, operation, wire::Codec::Json11, &input)
            .await
            .unwrap()
            .into_whole();
        if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).unwrap() }
    }

    async fn put(&self, record: &str) {
        let data = base64_simd::STANDARD.encode_to_string(record);
        self.stream("PutRecord", json!({"StreamName": "i", "PartitionKey": "k", "Data": data})).await;
    }

    /// The records of stream `o`, once there are `count`.
    async fn rows(&self, count: usize) -> Vec<String> {
        let shard = json!({"StreamName": "o", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"});
        for _ in 0..1000 {
            let iterator = self.stream("GetShardIterator", shard.clone()).await["ShardIterator"].clone();
            let page = self.stream("GetRecords", json!({"ShardIterator": iterator})).await;
            let records = page["Records"].as_array().unwrap();
            if records.len() >= count {
                let data =
                    |record: &Value| base64_simd::STANDARD.decode_to_vec(record["Data"].as_str().unwrap()).unwrap();
                return records.iter().map(|record| String::from_utf8(data(record)).unwrap()).collect();
            }
            self.app.clock.sleep(Duration::from_millis(10)).await;
        }
        panic!("fewer than {count} rows after ten seconds");
    }
}

fn create(name: &str, sql: &str) -> Value {
    json!({
        "ApplicationName": name, "RuntimeEnvironment": "FLINK-1_20",
        "ServiceExecutionRole": "arn:aws:iam::000000000000:role/r",
        "ApplicationConfiguration": {"ApplicationCodeConfiguration": {
            "CodeContentType": "PLAINTEXT", "CodeContent": {"TextContent": sql}}},
    })
}

fn named(name: &str) -> Value {
    json!({"ApplicationName": name})
}

#[tokio::test]
async fn an_application_is_created_run_and_deleted() {
    let bench = Bench::new().await;
    for name in ["i", "o"] {
        bench.stream("CreateStream", json!({"StreamName": name, "ShardCount": 1})).await;
    }
    let created = bench.ok("CreateApplication", create("a", SQL)).await["ApplicationDetail"].clone();
    assert_eq!(created["ApplicationStatus"], "READY");
    assert_eq!(created["ApplicationVersionId"], 1);
    assert_eq!(created["ApplicationARN"], "arn:aws:kinesisanalytics:us-east-1:000000000000:application/a");
    assert_eq!(bench.ok("DescribeApplication", named("a")).await["ApplicationDetail"], created);
    let code = &created["ApplicationConfigurationDescription"]["ApplicationCodeConfigurationDescription"];
    assert_eq!(code["CodeContentDescription"]["TextContent"], SQL);

    bench.put(r#"{"ts":"2024-01-01 00:00:00"}"#).await;
    assert!(bench.ok("StartApplication", named("a")).await["OperationId"].is_string());
    bench.put(r#"{"ts":"2024-01-01 00:00:00.5"}"#).await;
    bench.put(r#"{"ts":"2024-01-01 00:00:01"}"#).await;
    assert_eq!(bench.rows(1).await, [r#"{"n":2}"#]);
    let summary = &bench.ok("ListApplications", json!({})).await["ApplicationSummaries"][0];
    assert_eq!((&summary["ApplicationName"], &summary["ApplicationStatus"]), (&json!("a"), &json!("RUNNING")));
    assert_eq!(bench.no("StartApplication", named("a")).await.0, "ResourceInUseException");

    bench.ok("StopApplication", named("a")).await;
    assert_eq!(bench.no("StopApplication", named("a")).await.0, "ResourceInUseException");
    bench
        .ok(
            "StartApplication",
            json!({"ApplicationName": "a", "RunConfiguration": {
        "ApplicationRestoreConfiguration": {"ApplicationRestoreType": "SKIP_RESTORE_FROM_SNAPSHOT"}}}),
        )
        .await;
    assert_eq!(bench.rows(2).await, [r#"{"n":2}"#, r#"{"n":2}"#], "a fresh start reads everything again");

    let time = created["CreateTimestamp"].as_f64().unwrap();
    let delete = |time: f64| json!({"ApplicationName": "a", "CreateTimestamp": time});
    assert_eq!(bench.no("DeleteApplication", delete(time + 60.0)).await.0, "InvalidArgumentException");
    bench.ok("DeleteApplication", delete(time.floor())).await;
    assert_eq!(bench.no("DescribeApplication", named("a")).await.0, "ResourceNotFoundException");
    assert_eq!(bench.ok("ListApplications", json!({})).await["ApplicationSummaries"], json!([]));
    bench.app.shutdown().await;
}

#[tokio::test]
async fn refusals_have_their_codes() {
    let bench = Bench::new().await;
    let (code, message) = bench.no("CreateApplication", create("a", "CREATE TABLE t (\n  n NUMBER\n)")).await;
    assert_eq!(code, "CodeValidationException");
    assert!(message.starts_with("line 2, column 5: type NUMBER"), "{message}");
    bench.ok("CreateApplication", create("a", SQL)).await;
    assert_eq!(bench.no("CreateApplication", create("a", SQL)).await.0, "ResourceInUseException");
    for operation in ["DescribeApplication", "StartApplication", "StopApplication"] {
        assert_eq!(bench.no(operation, named("b")).await.0, "ResourceNotFoundException", "{operation}");
    }
    let mut zip = create("b", SQL);
    zip["ApplicationConfiguration"]["ApplicationCodeConfiguration"] = json!({"CodeContentType": "ZIPFILE", "CodeContent": {"S3ContentLocation": {
            "BucketARN": "arn:aws:s3:::b", "FileKey": "k"}}});
    assert_eq!(bench.no("CreateApplication", zip).await.0, "InvalidArgumentException");
    let mut notebook = create("b", SQL);
    notebook["RuntimeEnvironment"] = json!("ZEPPELIN-FLINK-3_0");
    assert_eq!(bench.no("CreateApplication", notebook).await.0, "InvalidArgumentException");
    bench.app.shutdown().await;
}

#[tokio::test]
async fn a_failing_job_says_why() {
    let bench = Bench::new().await;
    bench.ok("CreateApplication", create("a", SQL)).await;
    bench.ok("StartApplication", named("a")).await;
    let described = bench.ok("DescribeApplication", json!({"ApplicationName": "a", "IncludeAdditionalDetails": true}));
    let detail = described.await["ApplicationDetail"].clone();
    assert_eq!(detail["ApplicationStatus"], "RUNNING");
    let flink = &detail["ApplicationConfigurationDescription"]["FlinkApplicationConfigurationDescription"];
    let job: Value = serde_json::from_str(flink["JobPlanDescription"].as_str().unwrap()).unwrap();
    assert!(job["lastFailure"].as_str().unwrap().contains("Stream o"), "{job}");
    assert_eq!(job["restarts"], 1);
    bench.app.shutdown().await;
}
