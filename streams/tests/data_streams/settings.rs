//! Retention, consumers, tags, policies, modes: the settings of a stream.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use streams::{
    CreateStream, Distribution, Position, PutEntry, Quotas, Resource, Scaling, StreamMode, StreamsConfig, StreamsError,
};
use types::{ConsumerName, StreamName};

use crate::world::{World, entry};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn what_retention_dropped_never_comes_back() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let set = |hours, longer| world.streams.set_retention(&world.scope, &name, hours, longer);
    set(48, true).await.unwrap();
    world.put(&name, "old").await;
    world.clock.advance(HOUR * 30);
    world.put(&name, "new").await;
    assert_eq!(world.read(&name, Position::TrimHorizon).await, ["old", "new"]);
    for (hours, longer) in [(24, true), (72, false), (23, false), (8761, true)] {
        assert!(matches!(set(hours, longer).await, Err(StreamsError::Invalid(_))), "{hours} {longer}");
    }
    set(24, false).await.unwrap();
    assert_eq!(world.read(&name, Position::TrimHorizon).await, ["new"]);
    set(100, true).await.unwrap();
    assert_eq!(world.read(&name, Position::TrimHorizon).await, ["new"]);
    let world = world.restart().await;
    assert_eq!(world.read(&name, Position::TrimHorizon).await, ["new"]);
}

#[tokio::test]
async fn a_consumer_registered_again_is_another_one() {
    let world = World::new().await;
    let stream = world.create("orders", 1).await;
    let name = ConsumerName::parse("app").unwrap();
    let register = || world.streams.register_consumer(&world.scope, &stream, name.clone(), BTreeMap::new());
    let first = register().await.unwrap();
    assert!(matches!(register().await, Err(StreamsError::InUse(_))));
    let of = world.streams.stream(&world.scope, &stream).unwrap();
    let refused = world.streams.delete_stream(&world.scope, &stream, false).await;
    assert!(matches!(refused, Err(StreamsError::InUse(_))), "{refused:?}");
    world.streams.deregister_consumer(&first.arn(&of)).await.unwrap();
    assert!(matches!(world.streams.consumer(&first.arn(&of)), Err(StreamsError::NotFound(_))));
    let second = register().await.unwrap();
    assert_ne!(first.arn(&of), second.arn(&of));
    let world = world.restart().await;
    assert_eq!(world.streams.consumer(&second.arn(&of)).unwrap().1, second);
}

#[tokio::test]
async fn tags_and_policies_belong_to_their_resource() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let consumer = ConsumerName::parse("app").unwrap();
    let registered = world.streams.register_consumer(&world.scope, &name, consumer, BTreeMap::new()).await.unwrap();
    let of = world.streams.stream(&world.scope, &name).unwrap();
    for arn in [of.arn().to_string(), registered.arn(&of).to_string()] {
        let (scope, resource) = Resource::parse(&arn).unwrap();
        let tags = |text: &str| text.split(' ').map(|key| (key.to_owned(), "v".to_owned())).collect();
        world.streams.tag(&scope, resource.clone(), tags("a b"), BTreeSet::new()).await.unwrap();
        world.streams.tag(&scope, resource.clone(), tags("c"), BTreeSet::from(["a".into()])).await.unwrap();
        let keys: Vec<_> = world.streams.tags(&scope, &resource).unwrap().into_keys().collect();
        assert_eq!(keys, ["b", "c"], "{arn}");
        let many = (0..49).map(|n| (format!("k{n}"), String::new())).collect();
        assert!(world.streams.tag(&scope, resource.clone(), many, BTreeSet::new()).await.is_err());
        assert_eq!(world.streams.policy(&scope, &resource).unwrap(), None);
        assert!(world.streams.set_policy(&scope, resource.clone(), None).await.is_err());
        world.streams.set_policy(&scope, resource.clone(), Some("{}".into())).await.unwrap();
        assert_eq!(world.streams.policy(&scope, &resource).unwrap().as_deref(), Some("{}"));
    }
}

#[tokio::test]
async fn quotas_hold_where_they_are_set() {
    let quotas = Quotas { open_shards: Some(4), ..Quotas::aws() };
    let world = World::with(StreamsConfig { quotas, ..StreamsConfig::default() }).await;
    let name = world.create("orders", 3).await;
    let limited = |result: Result<(), StreamsError>| matches!(result, Err(StreamsError::LimitExceeded(_)));
    let more = streams::CreateStream::provisioned(StreamName::parse("more").unwrap(), 2);
    assert!(limited(world.streams.create_stream(&world.scope, more).await));
    let scale = |count| world.streams.update_shard_count(&world.scope, &name, count);
    assert!(limited(scale(5).await.map(|_| ())));
    assert!(matches!(scale(1).await, Err(StreamsError::Invalid(_))), "less than half");
    for count in [2, 3, 4, 3, 2, 3, 4, 3, 2, 3] {
        scale(count).await.unwrap();
    }
    assert!(limited(scale(4).await.map(|_| ())), "the eleventh of the day");
    world.clock.advance(HOUR * 24);
    scale(4).await.unwrap();
}

#[tokio::test]
async fn on_demand_streams_have_rules_of_their_own() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let auto = || world.streams.set_distribution(&world.scope, &name, Distribution::Auto);
    assert!(matches!(auto().await, Err(StreamsError::Invalid(_))));
    world.streams.set_mode(&world.scope, &name, StreamMode::OnDemand, None).await.unwrap();
    let scaled = world.streams.update_shard_count(&world.scope, &name, 2).await;
    assert!(matches!(scaled, Err(StreamsError::Unsupported(_))), "{scaled:?}");
    let keyless = || PutEntry { partition_key: None, ..entry("", "v") };
    let refused = world.streams.put_records(&world.scope, &name, vec![keyless()]).await;
    assert!(matches!(refused, Err(StreamsError::Unsupported(_))), "{refused:?}");
    auto().await.unwrap();
    world.streams.put_records(&world.scope, &name, vec![keyless()]).await.unwrap().remove(0).unwrap();
    let warm = || world.streams.set_warm_throughput(&world.scope, &name, 3);
    assert!(matches!(warm().await, Err(StreamsError::Unsupported(_))), "no commitment");
    world.streams.set_commitment(&world.scope, true).await.unwrap();
    warm().await.unwrap();
    assert_eq!(world.streams.stream(&world.scope, &name).unwrap().open_shards().len(), 3);
}

#[tokio::test]
async fn on_demand_shards_follow_the_traffic() {
    let world = World::new().await;
    let name = StreamName::parse("orders").unwrap();
    let request =
        CreateStream { mode: StreamMode::OnDemand, shard_count: None, ..CreateStream::provisioned(name.clone(), 1) };
    world.streams.create_stream(&world.scope, request).await.unwrap();
    let mut scaling = Scaling::default();
    let open = || world.streams.stream(&world.scope, &name).unwrap().open_shards().len();
    world.streams.scale_on_demand(&mut scaling).await;
    let put = |key: &'static str, count: usize| {
        let entries = (0..count).map(|_| entry(key, &"x".repeat(1000))).collect();
        world.streams.put_records(&world.scope, &name, entries)
    };
    world.clock.advance(Duration::from_secs(5));
    world.streams.scale_on_demand(&mut scaling).await;
    assert_eq!(open(), 4, "nothing came");
    put("hot", 3000).await.unwrap();
    put("cold", 500).await.unwrap();
    world.clock.advance(Duration::from_secs(5));
    world.streams.scale_on_demand(&mut scaling).await;
    assert_eq!(open(), 5, "one shard took 600 records a second");
    for _ in 0..6 {
        put("hot", 6000).await.unwrap();
        world.clock.advance(Duration::from_secs(5));
        world.streams.scale_on_demand(&mut scaling).await;
    }
    assert_eq!(open(), 8, "a single key that is hot does not open shards without end");
    world.clock.advance(HOUR * 23);
    world.streams.scale_on_demand(&mut scaling).await;
    assert_eq!(open(), 8, "the peak is of today");
    for _ in 0..2 {
        world.clock.advance(HOUR * 25);
        world.streams.scale_on_demand(&mut scaling).await;
    }
    assert_eq!(open(), 4);
}

#[tokio::test]
async fn a_clock_that_was_ahead_does_not_hide_what_came_before() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    world.put(&name, "kept").await;
    // The log's time never goes back, so this command stays a year ahead of all that follow.
    world.clock.advance(HOUR * 8760);
    world.create("made-in-the-future", 1).await;
    world.clock.set_back(HOUR * 8760);
    world.streams.set_retention(&world.scope, &name, 48, true).await.unwrap();
    world.streams.trim_expired().await;
    assert_eq!(world.read(&name, Position::TrimHorizon).await, ["kept"]);
    world.put(&name, "new").await;
    assert_eq!(world.read(&name, Position::TrimHorizon).await, ["kept", "new"]);
}
