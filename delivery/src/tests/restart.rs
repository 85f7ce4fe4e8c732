//! Crashes and shutdowns: everything at least once.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[tokio::test]
async fn what_was_not_delivered_before_a_crash_is_delivered_after_it() {
    let mut world = World::new().await;
    world.create(direct_put(destination(5, 60))).await;
    world.put(&["a", "b"]).await;
    world.pass(30).await;
    world.crash_and_restart().await;
    world.put(&["c"]).await;
    world.pass(60).await;
    assert_eq!(world.bodies().await, ["abc"]);
    world.crash_and_restart().await;
    world.pass(60).await;
    assert_eq!(world.bodies().await, ["abc"], "what was checkpointed is not delivered again");
}

#[tokio::test]
async fn a_shutdown_delivers_everything() {
    let mut world = World::new().await;
    world.create(direct_put(destination(5, 900))).await;
    world.put(&["a", "b"]).await;
    world.delivery().shutdown().await;
    assert_eq!(world.bodies().await, ["ab"]);
    let put = world.delivery().put(&scope(), &name("orders"), vec![Bytes::from_static(b"x")]).await;
    assert_eq!(put.unwrap_err().kind(), types::Kind::Unavailable);
    world.start().await;
    world.pass(900).await;
    assert_eq!(world.bodies().await, ["ab"], "once");
}

#[tokio::test]
async fn a_shutdown_ends_even_when_the_destination_fails() {
    let mut world = World::new().await;
    world.create(direct_put(destination(5, 900))).await;
    world.put(&["a"]).await;
    world.store.failures.store(usize::MAX, std::sync::atomic::Ordering::SeqCst);
    let delivery = world.delivery().clone();
    let shutdown = tokio::spawn(async move { delivery.shutdown().await });
    world.settle().await;
    world.pass(31).await;
    shutdown.await.unwrap();
    world.store.failures.store(0, std::sync::atomic::Ordering::SeqCst);
    world.start().await;
    world.pass(901).await;
    assert_eq!(world.bodies().await, ["a"]);
}

#[tokio::test]
async fn partitions_of_deleted_streams_are_dropped_at_the_next_start() {
    let mut world = World::new().await;
    world.create(direct_put(destination(5, 60))).await;
    world.put(&["a"]).await;
    let buffer = world.delivery().describe(&scope(), &name("orders")).unwrap().buffer;
    world.delivery().delete(&scope(), &name("orders")).await.unwrap();
    // The task that drops them has not run yet.
    assert!(log::Log::bounds(&*world.log, buffer).is_some());
    world.crash_and_restart().await;
    assert!(log::Log::bounds(&*world.log, buffer).is_none());
}

#[derive(Debug, Clone)]
enum Event {
    Put(u8),
    Pass(u8),
    Fail(u8),
    Crash,
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1..20u8).prop_map(Event::Put),
        3 => (1..20u8).prop_map(Event::Pass),
        1 => (1..4u8).prop_map(Event::Fail),
        1 => Just(Event::Crash),
        1 => Just(Event::Restart),
    ]
}

/// Plays a history over one source and checks that nothing got lost in it.
async fn play(events: Vec<Event>, from_a_stream: bool) {
    let mut world = World::new().await;
    world.create_stream("clicks", 3).await;
    let hints = destination(1, 10);
    world.create(if from_a_stream { from_stream("clicks", hints) } else { direct_put(hints) }).await;
    let mut count = 0;
    for event in events {
        match event {
            Event::Put(more) => {
                let texts: Vec<_> = (count..count + u32::from(more)).map(|number| format!("{number:06}")).collect();
                if from_a_stream {
                    world.put_to_stream("clicks", &texts).await;
                } else {
                    let lines: Vec<_> = texts.iter().map(|text| format!("{text}\n")).collect();
                    world.put(&lines.iter().map(String::as_str).collect::<Vec<_>>()).await;
                }
                count += u32::from(more);
            }
            Event::Pass(seconds) => world.pass(seconds.into()).await,
            Event::Fail(times) => world.store.failures.store(times.into(), std::sync::atomic::Ordering::SeqCst),
            Event::Crash => world.crash_and_restart().await,
            Event::Restart => {
                world.store.failures.store(0, std::sync::atomic::Ordering::SeqCst);
                world.delivery().shutdown().await;
                world.start().await;
            }
        }
    }
    world.store.failures.store(0, std::sync::atomic::Ordering::SeqCst);
    world.pass(80).await;
    let mut seen = BTreeSet::new();
    for body in world.bodies().await {
        let numbers: Vec<u32> = body.lines().map(|line| line.parse().unwrap()).collect();
        let in_order = numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        assert!(in_order || from_a_stream, "order and no gap within an object");
        seen.extend(numbers);
    }
    assert_eq!(seen, (0..count).collect(), "every record at least once");
    assert_eq!(world.stats().await.records_waiting, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_record_is_delivered_at_least_once(
        events in prop::collection::vec(event(), 1..25),
        from_a_stream in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(events, from_a_stream));
    }
}
