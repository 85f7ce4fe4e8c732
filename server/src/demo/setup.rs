//! What the demo needs on the server: two streams, a delivery stream, an application; made through the API. A second
//! run finds the streams and uses them, and replaces what may have been made differently by another version.
//!
//! Owns: names, the query, waiting until each thing works. Refuses: records (`feed.rs`).

use std::time::Duration;

use crate::client::{CallError, Client, Service};
use serde_json::{Value, json};
use types::{Clock, SystemClock};

/// Where telemetry goes.
pub(super) const STREAM: &str = "telemetry";
/// Where the query writes.
pub(super) const OUTPUT_STREAM: &str = "cpu-by-core";
/// What brings records to the bucket.
pub(super) const DELIVERY_STREAM: &str = "telemetry-to-demo";
/// The bucket.
pub(super) const BUCKET: &str = "demo";
/// The query's application.
pub(super) const APPLICATION: &str = "cpu-by-core";
/// Shards of the telemetry stream.
const SHARDS: u32 = 4;
/// Short, so that objects appear while somebody looks.
pub(super) const DELIVERY_INTERVAL: Duration = Duration::from_secs(15);
/// Roles are AWS's way to say who may; Thalweg asks for the name only.
const ROLE_ARN: &str = "arn:aws:iam::000000000000:role/thalweg-demo";
/// The state of an application that is not there.
const NO_APPLICATION: &str = "deleted";
const POLL_PAUSE: Duration = Duration::from_millis(100);
/// Everything is made in a moment; longer means that it will not be.
const POLLS_MAX: u32 = 300;

/// Why there is nothing to feed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SetupError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("{what} did not become {expected}; it is {seen}")]
    Stuck { what: &'static str, expected: &'static str, seen: String },
}

/// Makes everything that must be there before the first record: consumers start at the tip.
pub(super) async fn create_streams(client: &Client) -> Result<(), SetupError> {
    let stream_arn = create_stream(client, STREAM, SHARDS).await?;
    create_stream(client, OUTPUT_STREAM, 1).await?;
    create_delivery_stream(client, &stream_arn).await
}

/// Makes the query's application and starts it.
pub(super) async fn start_query(client: &Client) -> Result<(), SetupError> {
    let (source, sink) = (stream_arn(client, STREAM).await?, stream_arn(client, OUTPUT_STREAM).await?);
    let input = json!({
        "ApplicationName": APPLICATION,
        "RuntimeEnvironment": "FLINK-1_20",
        "ServiceExecutionRole": ROLE_ARN,
        "ApplicationConfiguration": {"ApplicationCodeConfiguration": {
            "CodeContentType": "PLAINTEXT",
            "CodeContent": {"TextContent": query(&source, &sink)},
        }},
    });
    client.call_json(Service::Analytics, "CreateApplication", &input).await?;
    let name = json!({"ApplicationName": APPLICATION});
    client.call_json(Service::Analytics, "StartApplication", &name).await?;
    wait("the application", "RUNNING", async || application_status(client).await).await
}

/// Average and maximum CPU per core and window of five seconds, by the time of measurement.
pub(super) fn query(source_arn: &str, sink_arn: &str) -> String {
    include_str!("query.sql").replace("{source}", source_arn).replace("{sink}", sink_arn)
}

async fn create_stream(client: &Client, name: &str, shards: u32) -> Result<String, SetupError> {
    let input = json!({"StreamName": name, "ShardCount": shards});
    unless_in_use(client.call_json(Service::Kinesis, "CreateStream", &input).await)?;
    let state = async || Ok(text(&describe_stream(client, name).await?, "StreamStatus"));
    wait("the stream", "ACTIVE", state).await?;
    Ok(stream_arn(client, name).await?)
}

async fn stream_arn(client: &Client, name: &str) -> Result<String, CallError> {
    Ok(text(&describe_stream(client, name).await?, "StreamARN"))
}

async fn describe_stream(client: &Client, name: &str) -> Result<Value, CallError> {
    let output = client.call_json(Service::Kinesis, "DescribeStreamSummary", &json!({"StreamName": name})).await?;
    Ok(output["StreamDescriptionSummary"].clone())
}

async fn create_delivery_stream(client: &Client, stream_arn: &str) -> Result<(), SetupError> {
    let input = json!({
        "DeliveryStreamName": DELIVERY_STREAM,
        "DeliveryStreamType": "KinesisStreamAsSource",
        "KinesisStreamSourceConfiguration": {"KinesisStreamARN": stream_arn, "RoleARN": ROLE_ARN},
        "ExtendedS3DestinationConfiguration": {
            "RoleARN": ROLE_ARN,
            "BucketARN": format!("arn:aws:s3:::{BUCKET}"),
            "BufferingHints": {"SizeInMBs": 5, "IntervalInSeconds": DELIVERY_INTERVAL.as_secs()},
            "CompressionFormat": "GZIP",
        },
    });
    unless_in_use(client.call_json(Service::Firehose, "CreateDeliveryStream", &input).await)?;
    let name = json!({"DeliveryStreamName": DELIVERY_STREAM});
    let state = async || {
        let output = client.call_json(Service::Firehose, "DescribeDeliveryStream", &name).await?;
        Ok(text(&output["DeliveryStreamDescription"], "DeliveryStreamStatus"))
    };
    wait("the delivery stream", "ACTIVE", state).await
}

/// Removes the application of an earlier run, running or not.
pub(super) async fn remove_query(client: &Client) -> Result<(), SetupError> {
    if application_status(client).await? == NO_APPLICATION {
        return Ok(());
    }
    if application_status(client).await? != "READY" {
        let input = json!({"ApplicationName": APPLICATION, "Force": true});
        client.call_json(Service::Analytics, "StopApplication", &input).await?;
        wait("the application", "READY", async || application_status(client).await).await?;
    }
    let detail = describe_application(client).await?;
    let input = json!({"ApplicationName": APPLICATION, "CreateTimestamp": detail["CreateTimestamp"]});
    client.call_json(Service::Analytics, "DeleteApplication", &input).await?;
    wait("the application", NO_APPLICATION, async || application_status(client).await).await
}

async fn describe_application(client: &Client) -> Result<Value, CallError> {
    let name = json!({"ApplicationName": APPLICATION});
    let output = client.call_json(Service::Analytics, "DescribeApplication", &name).await?;
    Ok(output["ApplicationDetail"].clone())
}

async fn application_status(client: &Client) -> Result<String, CallError> {
    match describe_application(client).await {
        Err(error) if error.is("ResourceNotFoundException") => Ok(NO_APPLICATION.into()),
        described => Ok(text(&described?, "ApplicationStatus")),
    }
}

/// What is there already is as good as made.
fn unless_in_use(called: Result<Value, CallError>) -> Result<(), CallError> {
    match called {
        Err(error) if error.is("ResourceInUseException") => Ok(()),
        called => called.map(drop),
    }
}

/// Asks for the state again and again until it is the expected one.
async fn wait(
    what: &'static str,
    expected: &'static str,
    state: impl AsyncFn() -> Result<String, CallError>,
) -> Result<(), SetupError> {
    let mut seen = String::new();
    for _ in 0..POLLS_MAX {
        seen = state().await?;
        if seen == expected {
            return Ok(());
        }
        SystemClock.sleep(POLL_PAUSE).await;
    }
    Err(SetupError::Stuck { what, expected, seen })
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().into()
}
