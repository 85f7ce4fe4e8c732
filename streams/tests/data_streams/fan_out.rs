//! Subscriptions: what they tell, when they end, and what they share.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use streams::{Position, Rates, StreamsConfig, StreamsError, Subscription, SubscriptionEvent};
use types::{ConsumerArn, ConsumerName, HashKey, ShardId, StreamName};

use crate::world::{World, entry};

const SECOND: Duration = Duration::from_secs(1);

impl World {
    async fn consumer(&self, stream: &StreamName, name: &str) -> ConsumerArn {
        let name = ConsumerName::parse(name).unwrap();
        let consumer = self.streams.register_consumer(&self.scope, stream, name, BTreeMap::new()).await.unwrap();
        consumer.arn(&self.streams.stream(&self.scope, stream).unwrap())
    }

    async fn subscribe(&self, consumer: &ConsumerArn, position: Position) -> Result<Subscription, StreamsError> {
        self.streams.subscribe(consumer, ShardId(0), position).await
    }
}

/// What is there to be told now, if anything.
fn told(subscription: &mut Subscription) -> Option<Option<Result<SubscriptionEvent, StreamsError>>> {
    subscription.next().now_or_never()
}

fn event(subscription: &mut Subscription) -> SubscriptionEvent {
    told(subscription).expect("there is an event").expect("it goes on").unwrap()
}

fn data(event: &SubscriptionEvent) -> Vec<String> {
    crate::world::data(event.records().to_vec())
}

#[tokio::test]
async fn a_commit_wakes_a_subscription_and_silence_is_told_every_five_seconds() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let consumer = world.consumer(&name, "app").await;
    world.put(&name, "before").await;
    let mut subscription = world.subscribe(&consumer, Position::Latest).await.unwrap();
    let first = event(&mut subscription);
    assert!(first.records().is_empty(), "where it stands, at once");
    assert!(told(&mut subscription).is_none());
    let placed = world.put(&name, "a").await;
    let second = event(&mut subscription);
    assert_eq!((data(&second), second.millis_behind_latest), (vec!["a".into()], 0));
    assert_eq!(second.continuation, Some(placed.sequence_number));
    world.clock.advance(SECOND * 4);
    assert!(told(&mut subscription).is_none());
    world.clock.advance(SECOND);
    let third = event(&mut subscription);
    assert_eq!((data(&third), third.continuation), (vec![], second.continuation));
    assert!(first.continuation < second.continuation);
    let again = Position::AfterSequenceNumber(first.continuation.unwrap());
    assert_eq!(world.read(&name, again).await, ["a"]);
}

#[tokio::test]
async fn an_empty_shard_has_a_continuation_number_too() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let consumer = world.consumer(&name, "app").await;
    let mut subscription = world.subscribe(&consumer, Position::TrimHorizon).await.unwrap();
    let number = event(&mut subscription).continuation.unwrap();
    world.put(&name, "a").await;
    assert_eq!(world.read(&name, Position::AfterSequenceNumber(number)).await, ["a"]);
}

#[tokio::test]
async fn a_second_call_waits_five_seconds_and_then_takes_over() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let consumer = world.consumer(&name, "app").await;
    let mut first = world.subscribe(&consumer, Position::Latest).await.unwrap();
    event(&mut first);
    world.clock.advance(SECOND * 4);
    let refused = world.subscribe(&consumer, Position::Latest).await;
    assert!(matches!(refused, Err(StreamsError::InUse(_))), "{refused:?}");
    let other = world.consumer(&name, "other").await;
    world.subscribe(&other, Position::Latest).await.unwrap();
    world.clock.advance(SECOND);
    world.streams.check_subscription(&consumer, ShardId(0), Position::Latest).await.unwrap();
    assert!(event(&mut first).continuation.is_some(), "a dry run takes nothing over");
    let mut second = world.subscribe(&consumer, Position::Latest).await.unwrap();
    assert!(matches!(told(&mut first), Some(Some(Err(StreamsError::InUse(_))))));
    assert!(matches!(told(&mut first), Some(None)));
    drop(first);
    world.put(&name, "a").await;
    event(&mut second);
}

#[tokio::test]
async fn it_lasts_five_minutes_and_the_next_one_need_not_wait() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let consumer = world.consumer(&name, "app").await;
    let mut subscription = world.subscribe(&consumer, Position::Latest).await.unwrap();
    world.clock.advance(SECOND * 299);
    event(&mut subscription);
    assert!(told(&mut subscription).is_none());
    world.clock.advance(SECOND);
    assert!(matches!(told(&mut subscription), Some(None)));
    world.subscribe(&consumer, Position::Latest).await.unwrap();
    world.clock.advance(SECOND * 10);
    world.streams.end_subscriptions();
    let mut late = world.subscribe(&consumer, Position::Latest).await.unwrap();
    assert!(matches!(told(&mut late), Some(None)), "the server stops");
}

#[tokio::test]
async fn the_end_of_a_shard_names_its_children_and_no_number() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let consumer = world.consumer(&name, "app").await;
    let mut subscription = world.subscribe(&consumer, Position::TrimHorizon).await.unwrap();
    event(&mut subscription);
    world.put(&name, "last").await;
    world.streams.split_shard(&world.scope, &name, ShardId(0), HashKey(1 << 127)).await.unwrap();
    let end = event(&mut subscription);
    assert_eq!((data(&end), end.continuation, end.millis_behind_latest), (vec!["last".into()], None, 0));
    let children: Vec<_> = end.children.iter().map(|child| (child.id, child.parents.clone())).collect();
    assert_eq!(children, [(ShardId(1), vec![ShardId(0)]), (ShardId(2), vec![ShardId(0)])]);
    assert!(matches!(told(&mut subscription), Some(None)));
    let mut late = world.subscribe(&consumer, Position::Latest).await.unwrap();
    let end = event(&mut late);
    assert_eq!((data(&end), end.continuation, end.children.len()), (vec![], None, 2));
}

#[tokio::test]
async fn without_its_consumer_or_stream_a_subscription_ends() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    for with_stream in [false, true] {
        let consumer = world.consumer(&name, "app").await;
        let mut subscription = world.subscribe(&consumer, Position::Latest).await.unwrap();
        event(&mut subscription);
        match with_stream {
            false => world.streams.deregister_consumer(&consumer).await.unwrap(),
            true => world.streams.delete_stream(&world.scope, &name, true).await.unwrap(),
        }
        assert!(matches!(told(&mut subscription), Some(Some(Err(StreamsError::NotFound(_))))));
        assert!(matches!(told(&mut subscription), Some(None)));
        let refused = world.subscribe(&consumer, Position::Latest).await;
        assert!(matches!(refused, Err(StreamsError::NotFound(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn a_consumer_that_is_not_active_cannot_subscribe() {
    let config = StreamsConfig { transition: SECOND, ..StreamsConfig::default() };
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let world = world.restart_with(config).await;
    let consumer = world.consumer(&name, "app").await;
    let refused = world.subscribe(&consumer, Position::Latest).await;
    assert!(matches!(refused, Err(StreamsError::InUse(_))), "{refused:?}");
}

#[tokio::test]
async fn what_is_too_old_is_skipped() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    world.put(&name, "old").await;
    world.clock.advance(SECOND * 25 * 3600);
    world.put(&name, "new").await;
    let consumer = world.consumer(&name, "app").await;
    let mut subscription = world.subscribe(&consumer, Position::TrimHorizon).await.unwrap();
    assert_eq!(data(&event(&mut subscription)), ["new"]);
}

#[tokio::test]
async fn subscribers_in_step_share_what_was_encoded() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let (early, late) = (world.consumer(&name, "early").await, world.consumer(&name, "late").await);
    let mut early = world.subscribe(&early, Position::TrimHorizon).await.unwrap();
    event(&mut early);
    let batch = ["a", "b", "c"].map(|data| entry("key", data)).to_vec();
    let placed = world.streams.put_records(&world.scope, &name, batch).await.unwrap();
    let second = placed[1].as_ref().unwrap().sequence_number;
    let mut late = world.subscribe(&late, Position::AtSequenceNumber(second)).await.unwrap();
    let all = event(&mut early);
    assert_eq!(data(&all), ["a", "b", "c"]);
    // It asks for the middle of a page, gets its rest, and is in step from then on.
    assert_eq!(data(&event(&mut late)), ["b", "c"]);
    world.put(&name, "d").await;
    let (one, other) = (event(&mut early), event(&mut late));
    assert_eq!((data(&one), data(&other)), (vec!["d".into()], vec!["d".into()]));
    let bytes = one.encoded(|_| Bytes::from_static(b"frame"));
    let shared = other.encoded(|_| panic!("it was encoded before"));
    assert_eq!((&shared[..], shared.as_ptr()), (&b"frame"[..], bytes.as_ptr()));
}

#[tokio::test]
async fn pages_are_bounded_and_a_large_record_comes_whole() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let large = "x".repeat(700_000);
    for _ in 0..3 {
        world.put(&name, &large).await;
    }
    let consumer = world.consumer(&name, "app").await;
    let mut subscription = world.subscribe(&consumer, Position::TrimHorizon).await.unwrap();
    for behind in [true, true, false] {
        let event = event(&mut subscription);
        assert_eq!((event.records().len(), event.millis_behind_latest > 0), (1, behind));
    }
}

#[tokio::test]
async fn rates_are_kept_when_they_are_aws_s() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let consumer = world.consumer(&name, "app").await;
    let rates = Rates {
        subscriptions_per_consumer_shard: Some(1),
        push_bytes_per_consumer_shard: Some(100),
        ..Rates::default()
    };
    let world = world.restart_with(StreamsConfig { rates, ..StreamsConfig::default() }).await;
    let far = Position::AtTimestamp(types::Timestamp(u64::MAX / 2));
    assert!(matches!(world.subscribe(&consumer, far).await, Err(StreamsError::Invalid(_))));
    let refused = world.subscribe(&consumer, Position::Latest).await;
    assert!(matches!(refused, Err(StreamsError::LimitExceeded(_))), "{refused:?}");
    world.clock.advance(SECOND);
    let mut subscription = world.subscribe(&consumer, Position::Latest).await.unwrap();
    event(&mut subscription);
    world.put(&name, &"x".repeat(297)).await;
    event(&mut subscription);
    world.put(&name, "y").await;
    assert!(told(&mut subscription).is_none(), "paid off before the next");
    world.clock.advance(SECOND * 3);
    assert_eq!(data(&event(&mut subscription)), ["y"]);
}
