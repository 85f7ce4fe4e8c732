//! AWS SDK for Rust: the operations that applications use, typed errors, and a pushed subscription, with and without
//! TLS. Read next: `client.rs`.

mod client;
mod report;

use aws_sdk_kinesis::error::SdkError;
use aws_sdk_kinesis::operation::describe_stream_summary::DescribeStreamSummaryError;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, ScalingType};
use client::{FIRST_SHARD, Outcome, TOP, User};
use report::feature;

#[tokio::main]
async fn main() {
    report::client("AWS SDK for Rust", aws_sdk_kinesis::meta::PKG_VERSION);
    let user = User::plain().await;
    feature("CreateStream", create_stream(&user)).await;
    feature("DeleteStream", delete_stream(&user)).await;
    feature("GetRecords", get_records(&user)).await;
    feature("ListStreams", list_streams(&user)).await;
    feature("MergeShards", merge_shards(&user)).await;
    feature("PutRecord", put_record(&user)).await;
    feature("PutRecords", put_records(&user)).await;
    feature("SplitShard", split_shard(&user)).await;
    feature("SubscribeToShard", user.subscribe()).await;
    feature("UpdateShardCount", update_shard_count(&user)).await;
    feature("modelled errors arrive as their variants", modelled_errors(&user)).await;
    feature("everything over TLS", async { User::secure().await?.subscribe().await }).await;
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, seen: T, expected: T) -> Outcome {
    if seen == expected { Ok(()) } else { Err(format!("{what}: {expected:?} expected, {seen:?} seen").into()) }
}

async fn create_stream(user: &User) -> Outcome {
    let stream = user.stream(2).await?;
    let shards = user.open_shards(&stream.stream_name).await?;
    let range = shards[1].hash_key_range().ok_or("a shard without a range")?;
    expect("the last hash key", range.ending_hash_key(), TOP)
}

async fn delete_stream(user: &User) -> Outcome {
    let stream = user.stream(1).await?;
    user.sdk.delete_stream().stream_name(&stream.stream_name).send().await?;
    while user.sdk.describe_stream_summary().stream_name(&stream.stream_name).send().await.is_ok() {
        client::pause().await;
    }
    Ok(())
}

async fn get_records(user: &User) -> Outcome {
    let stream = user.stream(1).await?;
    let put = user.put(&stream.stream_name, b"\x00\xff", "0").await?;
    let records = user.read(&stream.stream_name, FIRST_SHARD).await?;
    expect("the data", records[0].data().as_ref(), b"\x00\xff")?;
    expect("the number", records[0].sequence_number(), put.sequence_number())
}

async fn list_streams(user: &User) -> Outcome {
    let stream = user.stream(1).await?;
    let mut pages = user.sdk.list_streams().limit(1).into_paginator().send();
    while let Some(page) = pages.next().await {
        if page?.stream_names().contains(&stream.stream_name) {
            return Ok(());
        }
    }
    Err(format!("{} is not listed", stream.stream_name).into())
}

async fn merge_shards(user: &User) -> Outcome {
    let stream = user.stream(2).await?;
    let merge = user.sdk.merge_shards().stream_name(&stream.stream_name).shard_to_merge(FIRST_SHARD);
    merge.adjacent_shard_to_merge("shardId-000000000001").send().await?;
    expect("open shards", user.settled(&stream.stream_name).await?, 1)
}

async fn put_record(user: &User) -> Outcome {
    let stream = user.stream(2).await?;
    let put = user.put(&stream.stream_name, b"x", TOP).await?;
    expect("the shard", put.shard_id(), "shardId-000000000001")
}

async fn put_records(user: &User) -> Outcome {
    let stream = user.stream(1).await?;
    let names = (0..500).map(|number| number.to_string()).collect::<Vec<_>>();
    let mut put = user.sdk.put_records().stream_name(&stream.stream_name);
    for name in &names {
        let data = Blob::new(name.as_bytes());
        put = put.records(PutRecordsRequestEntry::builder().data(data).partition_key(name).build()?);
    }
    expect("failed records", put.send().await?.failed_record_count(), Some(0))?;
    let records = user.read(&stream.stream_name, FIRST_SHARD).await?;
    let seen = records.iter().map(|record| String::from_utf8_lossy(record.data().as_ref()).into_owned());
    expect("the records", seen.collect::<Vec<_>>(), names)
}

async fn split_shard(user: &User) -> Outcome {
    let stream = user.stream(1).await?;
    user.split(&stream.stream_name).await?;
    expect("open shards", user.settled(&stream.stream_name).await?, 2)
}

async fn update_shard_count(user: &User) -> Outcome {
    let stream = user.stream(2).await?;
    let update = user.sdk.update_shard_count().stream_name(&stream.stream_name).target_shard_count(4);
    update.scaling_type(ScalingType::UniformScaling).send().await?;
    expect("open shards", user.settled(&stream.stream_name).await?, 4)
}

async fn modelled_errors(user: &User) -> Outcome {
    match user.sdk.describe_stream_summary().stream_name("unknown").send().await {
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), DescribeStreamSummaryError::ResourceNotFoundException(_)) => {}
        other => return Err(format!("ResourceNotFoundException expected, {other:?} seen").into()),
    }
    match user.sdk.get_records().shard_iterator("garbage").send().await.map_err(SdkError::into_service_error) {
        Err(error) if error.is_invalid_argument_exception() => Ok(()),
        other => Err(format!("InvalidArgumentException expected, {other:?} seen").into()),
    }
}
