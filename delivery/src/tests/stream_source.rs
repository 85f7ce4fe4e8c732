//! Every shard of a stream into objects.

use log::Log;
use streams::aggregation::{Aggregator, UserRecord};

use super::*;

fn numbered(from: usize, to: usize) -> Vec<String> {
    (from..to).map(|number| format!("r{number:04}")).collect()
}

async fn delivered(world: &World) -> Vec<String> {
    let bodies = world.bodies().await;
    let mut records: Vec<_> = bodies.iter().flat_map(|body| body.lines().map(String::from)).collect();
    records.sort();
    records
}

#[tokio::test]
async fn all_shards_are_read_from_the_moment_of_creation() {
    let world = World::new().await;
    world.create_stream("clicks", 4).await;
    world.put_to_stream("clicks", &numbered(0, 100)).await;
    world.create(from_stream("clicks", destination(5, 60))).await;
    world.put_to_stream("clicks", &numbered(100, 300)).await;
    world.settle().await;
    world.pass(60).await;
    assert_eq!(delivered(&world).await, numbered(100, 300));
    let stats = world.stats().await;
    assert_eq!((stats.records_in, stats.records_delivered, stats.records_waiting), (200, 200, 0));
}

#[tokio::test]
async fn the_start_survives_a_crash_before_the_first_object() {
    let mut world = World::new().await;
    world.create_stream("clicks", 2).await;
    world.put_to_stream("clicks", &numbered(0, 10)).await;
    world.create(from_stream("clicks", destination(5, 60))).await;
    world.put_to_stream("clicks", &numbered(10, 20)).await;
    world.crash_and_restart().await;
    world.settle().await;
    world.pass(60).await;
    assert_eq!(delivered(&world).await, numbered(10, 20));
}

#[tokio::test]
async fn a_source_that_is_not_there_is_refused() {
    let world = World::new().await;
    let error = world.delivery().create(&scope(), from_stream("none", destination(5, 60))).await.unwrap_err();
    assert_eq!(error.to_string(), "Stream none under account 000000000000 not found.");
    assert_eq!(error.kind(), types::Kind::Invalid);
}

#[tokio::test]
async fn puts_are_not_permitted() {
    let world = World::new().await;
    world.create_stream("clicks", 1).await;
    world.create(from_stream("clicks", destination(5, 60))).await;
    let put = world.delivery().put(&scope(), &name("orders"), vec![Bytes::from_static(b"x")]).await;
    let message = "This operation is not permitted on KinesisStreamAsSource delivery stream type.";
    assert_eq!(put.unwrap_err().to_string(), message);
}

#[tokio::test]
async fn a_closed_shard_is_read_to_its_end() {
    let world = World::new().await;
    world.create_stream("clicks", 2).await;
    world.create(from_stream("clicks", destination(5, 60))).await;
    world.put_to_stream("clicks", &numbered(0, 50)).await;
    let shard = world.server().streams.stream(&scope(), &stream_name("clicks")).unwrap().shards[0].clone();
    world.log.close(shard.partition, types::Clock::now(&*world.clock)).await.unwrap();
    world.pass(120).await;
    assert_eq!(delivered(&world).await, numbered(0, 50));
    assert_eq!(world.stats().await.records_waiting, 0);
}

#[tokio::test]
async fn a_stream_created_anew_is_read_from_its_beginning() {
    let world = World::new().await;
    world.create_stream("clicks", 2).await;
    world.create(from_stream("clicks", destination(5, 60))).await;
    world.put_to_stream("clicks", &numbered(0, 10)).await;
    world.settle().await;
    world.server().streams.delete_stream(&scope(), &stream_name("clicks"), true).await.unwrap();
    world.pass(60).await;
    assert_eq!(delivered(&world).await, numbered(0, 10), "what was in memory is delivered");
    world.create_stream("clicks", 3).await;
    world.put_to_stream("clicks", &numbered(10, 30)).await;
    world.pass(62).await;
    assert_eq!(delivered(&world).await, numbered(0, 30));
}

#[tokio::test]
async fn records_that_expired_are_counted() {
    let world = World::new().await;
    world.create_stream("clicks", 1).await;
    world.create(from_stream("clicks", destination(1, 0))).await;
    world.store.failures.store(usize::MAX, std::sync::atomic::Ordering::SeqCst);
    world.put_to_stream("clicks", &numbered(0, 1)).await;
    world.settle().await;
    world.pass(2).await;
    // The worker holds the first record and reads no more.
    world.put_to_stream("clicks", &numbered(1, 11)).await;
    world.clock.advance(Duration::from_secs(25 * 3600));
    world.settle().await;
    world.put_to_stream("clicks", &numbered(11, 12)).await;
    world.store.failures.store(0, std::sync::atomic::Ordering::SeqCst);
    world.pass(70).await;
    assert_eq!(delivered(&world).await, ["r0000", "r0011"]);
    assert_eq!(world.stats().await.records_lost, 10);
}

#[tokio::test]
async fn aggregates_are_delivered_as_their_user_records() {
    let world = World::new().await;
    world.create_stream("clicks", 1).await;
    world.create(from_stream("clicks", destination(5, 60))).await;
    let mut aggregator = Aggregator::new(1 << 20);
    for record in numbered(0, 3) {
        aggregator.push(UserRecord {
            partition_key: record.clone(),
            explicit_hash_key: None,
            data: Bytes::from(format!("{record}\n")),
        });
    }
    let made = aggregator.take().unwrap().record;
    let aggregate =
        PutEntry { partition_key: Some(made.partition_key.into()), explicit_hash_key: None, data: made.data };
    let streams = &world.server().streams;
    streams.put_records(&scope(), &stream_name("clicks"), vec![aggregate]).await.unwrap();
    world.put_to_stream("clicks", &numbered(3, 5)).await;
    world.settle().await;
    world.pass(60).await;
    assert_eq!(delivered(&world).await, numbered(0, 5));
    let stats = world.stats().await;
    assert_eq!((stats.records_in, stats.records_delivered, stats.records_waiting), (3, 5, 0));
}

#[tokio::test]
async fn a_shard_waits_until_all_its_ancestors_are_read() {
    let mut world = World::new().await;
    world.create_stream("clicks", 1).await;
    world.create(from_stream("clicks", destination(5, 60))).await;
    // Nobody reads while the stream is resharded twice, so that all three generations are there at once.
    world.delivery().crash();
    for (first, shards) in [(0, Some(2)), (40, Some(1)), (80, None)] {
        for number in first..first + 40 {
            // One at a time: each is the first of its call, and so all have one key.
            world.put_to_stream("clicks", &numbered(number, number + 1)).await;
        }
        if let Some(shards) = shards {
            let streams = &world.server().streams;
            streams.update_shard_count(&scope(), &stream_name("clicks"), shards).await.unwrap();
        }
    }
    world.start().await;
    world.settle().await;
    world.pass(70).await;
    let bodies = world.bodies().await;
    let read: Vec<_> = bodies.iter().flat_map(|body| body.lines().map(String::from)).collect();
    assert_eq!(read, numbered(0, 120), "one key, one order");
}
