//! A client with one word for each thing that the checks need again and again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_credential_types::Credentials;
use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::operation::put_record::PutRecordOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{
    ConsumerStatus, Record, Shard, ShardFilter, ShardFilterType, ShardIteratorType, StartingPosition,
    StreamDescriptionSummary, StreamStatus, SubscribeToShardEventStream,
};
use aws_smithy_http_client::tls;

pub type Fault = Box<dyn std::error::Error>;
pub type Outcome = Result<(), Fault>;

pub const FIRST_SHARD: &str = "shardId-000000000000";
pub const TOP: &str = "340282366920938463463374607431768211455";
const HALF: &str = "170141183460469231731687303715884105728";

static MADE: AtomicUsize = AtomicUsize::new(1);

pub struct User {
    pub sdk: Client,
}

pub async fn pause() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn variable(name: &str) -> Result<String, Fault> {
    std::env::var(name).map_err(|error| format!("{name}: {error}").into())
}

impl User {
    pub async fn plain() -> Self {
        let endpoint = std::env::var("THALWEG_ENDPOINT").unwrap_or_default();
        Self::with(aws_config::defaults(BehaviorVersion::latest()).endpoint_url(endpoint)).await
    }

    pub async fn secure() -> Result<Self, Fault> {
        let trusted = tls::TrustStore::empty().with_pem_certificate(std::fs::read(variable("THALWEG_CA_FILE")?)?);
        let https = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc))
            .tls_context(tls::TlsContext::builder().with_trust_store(trusted).build()?)
            .build_https();
        let (key, secret) = (variable("TLS_AWS_ACCESS_KEY_ID")?, variable("TLS_AWS_SECRET_ACCESS_KEY")?);
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .endpoint_url(variable("THALWEG_TLS_ENDPOINT")?)
            .credentials_provider(Credentials::new(key, secret, None, None, "conformance"))
            .http_client(https);
        Ok(Self::with(loader).await)
    }

    async fn with(loader: ConfigLoader) -> Self {
        Self { sdk: Client::new(&loader.retry_config(RetryConfig::disabled()).load().await) }
    }

    /// A new stream, once it is active.
    pub async fn stream(&self, shards: i32) -> Result<StreamDescriptionSummary, Fault> {
        let name = format!("rust-{}", MADE.fetch_add(1, Ordering::Relaxed));
        self.sdk.create_stream().stream_name(&name).shard_count(shards).send().await?;
        self.active(&name).await
    }

    async fn active(&self, name: &str) -> Result<StreamDescriptionSummary, Fault> {
        loop {
            let output = self.sdk.describe_stream_summary().stream_name(name).send().await?;
            let summary = output.stream_description_summary.ok_or("no summary")?;
            if summary.stream_status == StreamStatus::Active {
                return Ok(summary);
            }
            pause().await;
        }
    }

    /// Waits for the end of a reshard and counts the open shards.
    pub async fn settled(&self, name: &str) -> Result<usize, Fault> {
        self.active(name).await?;
        Ok(self.open_shards(name).await?.len())
    }

    pub async fn open_shards(&self, name: &str) -> Result<Vec<Shard>, Fault> {
        let filter = ShardFilter::builder().r#type(ShardFilterType::AtLatest).build()?;
        let output = self.sdk.list_shards().stream_name(name).shard_filter(filter).send().await?;
        Ok(output.shards.unwrap_or_default())
    }

    pub async fn put(&self, name: &str, data: &[u8], hash: &str) -> Result<PutRecordOutput, Fault> {
        let put = self.sdk.put_record().stream_name(name).data(Blob::new(data)).partition_key("k");
        Ok(put.explicit_hash_key(hash).send().await?)
    }

    pub async fn read(&self, name: &str, shard: &str) -> Result<Vec<Record>, Fault> {
        let iterator = self.sdk.get_shard_iterator().stream_name(name).shard_id(shard);
        let iterator = iterator.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await?;
        let page = self.sdk.get_records().set_shard_iterator(iterator.shard_iterator).send().await?;
        Ok(page.records)
    }

    pub async fn split(&self, name: &str) -> Outcome {
        let split = self.sdk.split_shard().stream_name(name).shard_to_split(FIRST_SHARD);
        split.new_starting_hash_key(HALF).send().await?;
        Ok(())
    }

    async fn consumer(&self, stream_arn: &str) -> Result<String, Fault> {
        self.sdk.register_stream_consumer().stream_arn(stream_arn).consumer_name("reader").send().await?;
        loop {
            let describe = self.sdk.describe_stream_consumer().stream_arn(stream_arn).consumer_name("reader");
            let consumer = describe.send().await?.consumer_description.ok_or("no description")?;
            if consumer.consumer_status == ConsumerStatus::Active {
                return Ok(consumer.consumer_arn);
            }
            pause().await;
        }
    }

    /// Sees an old record, is woken by a new one, and is told of the children at the shard's end.
    pub async fn subscribe(&self) -> Outcome {
        let stream = self.stream(1).await?;
        self.put(&stream.stream_name, b"before", "0").await?;
        let start = StartingPosition::builder().r#type(ShardIteratorType::TrimHorizon).build()?;
        let subscribe = self.sdk.subscribe_to_shard().consumer_arn(self.consumer(&stream.stream_arn).await?);
        let mut output = subscribe.shard_id(FIRST_SHARD).starting_position(start).send().await?;
        let mut seen = String::new();
        while let Some(event) = output.event_stream.recv().await? {
            let SubscribeToShardEventStream::SubscribeToShardEvent(event) = event else {
                return Err(format!("unknown event {event:?}").into());
            };
            for record in event.records() {
                seen.push_str(&String::from_utf8_lossy(record.data().as_ref()));
                match seen.as_str() {
                    "before" => drop(self.put(&stream.stream_name, b" after", "0").await?),
                    _ => self.split(&stream.stream_name).await?,
                }
            }
            if !event.child_shards().is_empty() {
                return crate::expect(
                    "the records and children",
                    (seen.as_str(), event.child_shards().len()),
                    ("before after", 2),
                );
            }
        }
        Err("the events ended without the shard's children".into())
    }
}
