//! Destinations that fail.

use std::sync::atomic::Ordering;

use super::*;

#[tokio::test]
async fn a_failing_destination_costs_time_only() {
    let world = World::new().await;
    world.create(direct_put(destination(5, 10))).await;
    world.store.failures.store(4, Ordering::SeqCst);
    world.put(&["a"]).await;
    world.pass(11).await;
    world.put(&["b"]).await;
    let stats = world.stats().await;
    assert_eq!((stats.records_waiting, stats.objects_delivered), (2, 0));
    assert!(stats.last_error.unwrap().message.contains("S3.NoSuchBucket"));
    world.pass(40).await;
    let bodies = world.objects().await;
    assert_eq!(bodies.len(), 2);
    assert_eq!(world.store.attempts.load(Ordering::SeqCst), 6, "waits of 1, 2, 4 and 8 seconds");
    let stats = world.stats().await;
    assert_eq!((stats.failures, stats.last_error, stats.records_lost, stats.records_waiting), (4, None, 0, 0));
}

#[tokio::test]
async fn memory_stays_bounded_while_the_destination_fails() {
    let world = World::new().await;
    world.create_stream("clicks", 2).await;
    world.create(from_stream("clicks", destination(1, 900))).await;
    world.store.failures.store(usize::MAX, Ordering::SeqCst);
    for number in 0..40 {
        world.put_to_stream("clicks", &[format!("{number:02}{}", "x".repeat(400_000))]).await;
    }
    world.settle().await;
    world.pass(20).await;
    let stats = world.stats().await;
    assert!((3..=5).contains(&stats.records_in), "one object of 3 records and a page were read: {}", stats.records_in);
    assert_eq!((stats.records_waiting, stats.oldest_record_age), (40, Some(Duration::from_secs(20))));
    world.store.failures.store(0, Ordering::SeqCst);
    world.pass(60).await;
    world.delivery().shutdown().await;
    assert_eq!(world.objects().await.len(), 14);
    let bytes: usize = world.objects().await.values().map(|body| body.len()).sum();
    assert_eq!(bytes, 40 * 400_003);
}

#[tokio::test]
async fn records_put_directly_are_given_up_after_a_day() {
    let world = World::new().await;
    world.create(direct_put(destination(5, 10))).await;
    world.store.failures.store(usize::MAX, Ordering::SeqCst);
    world.put(&["old"]).await;
    world.pass(11).await;
    world.clock.advance(Duration::from_secs(23 * 3600));
    world.settle().await;
    world.put(&["young"]).await;
    assert_eq!(world.stats().await.records_lost, 0);
    world.clock.advance(Duration::from_secs(3600));
    world.settle().await;
    world.pass(70).await;
    assert_eq!(world.stats().await.records_lost, 1);
    world.store.failures.store(0, Ordering::SeqCst);
    world.pass(70).await;
    assert_eq!(world.bodies().await, ["young"]);
    assert_eq!(world.stats().await.records_waiting, 0);
}

#[tokio::test]
async fn a_delivery_stream_can_be_deleted_while_its_destination_fails() {
    let world = World::new().await;
    world.create(direct_put(destination(5, 10))).await;
    world.store.failures.store(usize::MAX, Ordering::SeqCst);
    world.put(&["a"]).await;
    world.pass(11).await;
    let buffer = world.delivery().describe(&scope(), &name("orders")).unwrap().buffer;
    world.delivery().delete(&scope(), &name("orders")).await.unwrap();
    world.settle().await;
    assert!(log::Log::bounds(&*world.log, buffer).is_none(), "it did not wait for the destination");
}
