//! Whole channels.

use std::sync::atomic::Ordering;

use streams::aggregation::{Aggregator, UserRecord};
use types::{ChannelName, Kind};

use super::*;
use crate::config::{Compression, Logging};
use crate::{ChannelOutput, ChannelSource, CreateChannel, DeadLetterOutput, RecordFormat, UpdateChannel};

fn lake() -> ChannelName {
    ChannelName::parse("lake").unwrap()
}

fn request(streams: &[(&str, RecordFormat)], compression: Compression) -> CreateChannel {
    let source =
        |(stream, format): &(&str, _)| ChannelSource { scope: scope(), stream: stream_name(stream), format: *format };
    CreateChannel {
        name: lake(),
        streams: streams.iter().map(source).collect(),
        role_arn: "arn:aws:iam::000000000000:role/channel".into(),
        output: ChannelOutput {
            bucket_arn: "arn:aws:s3:::bucket".into(),
            bucket_owner: "000000000000".into(),
            key_template: None,
            storage_class: None,
            compression,
            dead_letters: None,
        },
        freshness_seconds: Some(60),
        logging: Logging::default(),
        tags: BTreeMap::new(),
    }
}

impl World {
    async fn on_demand(streams: &[&str]) -> Self {
        let world = Self::new().await;
        for stream in streams {
            world.create_stream_of(StreamMode::OnDemand, stream, None).await;
        }
        world
    }

    async fn create_channel(&self, request: CreateChannel) {
        self.delivery().create_channel(&scope(), request).await.unwrap();
        self.settle().await;
    }

    /// The bodies of the objects under a prefix of the bucket, one after the other.
    async fn under(&self, prefix: &str) -> Vec<u8> {
        let objects = self.objects().await;
        objects.into_iter().filter(|(key, _)| key.starts_with(prefix)).flat_map(|(_, body)| body).collect()
    }

    async fn lines_under(&self, prefix: &str) -> Vec<String> {
        let text = String::from_utf8(self.under(prefix).await).unwrap();
        let mut lines: Vec<_> = text.lines().map(String::from).collect();
        lines.sort();
        lines
    }
}

const PLAIN: Compression = Compression::Uncompressed;

#[tokio::test]
async fn each_stream_goes_under_its_own_name_in_its_own_format() {
    let world = World::on_demand(&["a", "b", "c"]).await;
    world.put_data("a", &[b"\"before\""]).await;
    let streams = [("a", RecordFormat::Json), ("b", RecordFormat::String), ("c", RecordFormat::ByteArray)];
    world.create_channel(request(&streams, PLAIN)).await;
    world.put_data("a", &[b"{\"n\":1}", b"{\n\"n\":2}"]).await;
    world.put_data("b", &[b"one", b"two"]).await;
    world.put_data("c", &[b"\xff\n"]).await;
    world.settle().await;
    world.pass(59).await;
    assert!(world.objects().await.is_empty());
    world.pass(2).await;
    assert_eq!(world.lines_under("bucket/lake/a/2024/05/01/13/").await, ["{ \"n\":2}", "{\"n\":1}"]);
    assert_eq!(world.lines_under("bucket/lake/b/").await, ["one", "two"]);
    assert_eq!(world.under("bucket/lake/c/").await, b"\0\0\0\x02\xff\n");
}

#[tokio::test]
async fn misfits_become_dead_letters() {
    let world = World::on_demand(&["a"]).await;
    let mut asked = request(&[("a", RecordFormat::Json)], PLAIN);
    let prefix = Some("bad/".into());
    let dead = DeadLetterOutput { bucket_arn: "arn:aws:s3:::graveyard".into(), bucket_owner: "0".into(), prefix };
    asked.output.dead_letters = Some(dead);
    world.create_channel(asked).await;
    world.put_data("a", &[b"{}", b"no json", b"[1]"]).await;
    world.settle().await;
    world.pass(61).await;
    assert_eq!(world.lines_under("bucket/").await, ["[1]", "{}"]);
    let letters = world.lines_under("graveyard/bad/lake/a/2024/05/01/13/").await;
    assert_eq!(letters.len(), 1);
    let letter: serde_json::Value = serde_json::from_str(&letters[0]).unwrap();
    assert_eq!((&letter["errorCode"], &letter["rawData"]), (&"InvalidJson".into(), &"bm8ganNvbg==".into()));
    assert_eq!(letter["channelARN"], "arn:aws:kinesis:us-east-1:000000000000:channel/lake");
    assert_eq!(letter["streamARN"], "arn:aws:kinesis:us-east-1:000000000000:stream/a");
}

#[tokio::test]
async fn nothing_is_lost_in_a_crash_nor_by_a_failing_bucket() {
    let mut world = World::on_demand(&["a"]).await;
    world.create_channel(request(&[("a", RecordFormat::String)], PLAIN)).await;
    world.put_data("a", &[b"1", b"2"]).await;
    world.settle().await;
    world.pass(30).await;
    world.crash_and_restart().await;
    world.store.failures.store(3, Ordering::SeqCst);
    world.put_data("a", &[b"3"]).await;
    world.settle().await;
    world.pass(90).await;
    assert_eq!(world.lines_under("bucket/").await, ["1", "2", "3"]);
    world.crash_and_restart().await;
    world.pass(90).await;
    assert_eq!(world.lines_under("bucket/").await, ["1", "2", "3"], "what was checkpointed is not delivered again");
}

#[tokio::test]
async fn zstandard_and_aggregates() {
    let world = World::on_demand(&["a"]).await;
    world.create_channel(request(&[("a", RecordFormat::String)], Compression::Zstd)).await;
    let mut aggregator = Aggregator::new(1 << 20);
    for text in ["x", "y"] {
        let data = Bytes::from_static(text.as_bytes());
        // One key, or a record would not belong to the shard that the aggregate is put into.
        aggregator.push(UserRecord { partition_key: "key".into(), explicit_hash_key: None, data });
    }
    let made = aggregator.take().unwrap().record;
    let entry = PutEntry { partition_key: Some("key".into()), explicit_hash_key: None, data: made.data };
    world.server().streams.put_records(&scope(), &stream_name("a"), vec![entry]).await.unwrap();
    world.settle().await;
    world.pass(61).await;
    let objects = world.objects().await;
    let (key, body) = objects.first_key_value().unwrap();
    assert!(key.ends_with(".zst"), "{key}");
    assert_eq!(zstd::decode_all(&body[..]).unwrap(), b"x\ny\n");
}

#[tokio::test]
async fn a_shorter_wait_holds_at_once_and_after_a_restart() {
    let mut world = World::on_demand(&["a"]).await;
    world.create_channel(request(&[("a", RecordFormat::String)], PLAIN)).await;
    world.put_data("a", &[b"1"]).await;
    world.settle().await;
    let update = UpdateChannel { freshness_seconds: Some(5), logging: None };
    world.delivery().update_channel(&scope(), &lake(), update).await.unwrap();
    world.settle().await;
    world.pass(6).await;
    assert_eq!(world.lines_under("bucket/").await, ["1"]);
    world.crash_and_restart().await;
    assert_eq!(world.delivery().channel(&scope(), &lake()).unwrap().freshness_seconds, 5);
    world.put_data("a", &[b"2"]).await;
    world.settle().await;
    world.pass(6).await;
    assert_eq!(world.lines_under("bucket/").await, ["1", "2"]);
    let nothing = world.delivery().update_channel(&scope(), &lake(), UpdateChannel::default()).await;
    assert_eq!(nothing.unwrap_err().kind(), Kind::Invalid);
}

#[tokio::test]
async fn a_deleted_channel_delivers_what_it_holds_and_frees_its_name() {
    let world = World::on_demand(&["a"]).await;
    world.create_channel(request(&[("a", RecordFormat::String)], PLAIN)).await;
    let taken = world.delivery().create_channel(&scope(), request(&[("a", RecordFormat::String)], PLAIN)).await;
    assert_eq!(taken.unwrap_err().kind(), Kind::InUse);
    assert_eq!(world.delivery().channels_on(&scope(), &stream_name("a")), 1);
    world.put_data("a", &[b"1"]).await;
    world.settle().await;
    let checkpoints = world.delivery().channel(&scope(), &lake()).unwrap().streams[0].checkpoints;
    world.delivery().delete_channel(&scope(), &lake()).await.unwrap();
    world.settle().await;
    assert_eq!(world.lines_under("bucket/").await, ["1"]);
    assert!(log::Log::bounds(&*world.log, checkpoints).is_none());
    assert_eq!(world.delivery().delete_channel(&scope(), &lake()).await.unwrap_err().kind(), Kind::NotFound);
    world.create_channel(request(&[("a", RecordFormat::String)], PLAIN)).await;
}

#[tokio::test]
async fn what_cannot_be_served_is_refused() {
    let world = World::on_demand(&["a"]).await;
    world.create_stream("provisioned", 1).await;
    let refused = async |change: &dyn Fn(&mut CreateChannel)| {
        let mut asked = request(&[("a", RecordFormat::Json)], PLAIN);
        change(&mut asked);
        world.delivery().create_channel(&scope(), asked).await.unwrap_err().kind()
    };
    assert_eq!(refused(&|r| r.streams[0].stream = stream_name("none")).await, Kind::NotFound);
    assert_eq!(refused(&|r| r.streams[0].stream = stream_name("provisioned")).await, Kind::Invalid);
    assert_eq!(refused(&|r| r.streams.push(r.streams[0].clone())).await, Kind::Invalid);
    assert_eq!(refused(&|r| r.streams.clear()).await, Kind::Invalid);
    assert_eq!(refused(&|r| r.freshness_seconds = Some(0)).await, Kind::Invalid);
    assert_eq!(refused(&|r| r.output.bucket_arn = "bucket".into()).await, Kind::Invalid);
    assert_eq!(refused(&|r| r.output.key_template = Some("!{no:thing}".into())).await, Kind::Invalid);
    let log_without_a_name = Logging { enabled: true, group: None, stream: None };
    assert_eq!(refused(&|r| r.logging = log_without_a_name.clone()).await, Kind::Invalid);
}
