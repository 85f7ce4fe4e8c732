//! Creating, listing and deleting; the catalog after a restart.

use std::collections::BTreeMap;

use streams::{CreateStream, Position, ShardFilter, StreamMode, StreamsError};
use types::{ShardId, StreamName};

use crate::world::World;

#[tokio::test]
async fn a_name_is_taken_once_and_free_again_after_deletion() {
    let world = World::new().await;
    let name = world.create("orders", 4).await;
    let again = CreateStream {
        name: name.clone(),
        mode: StreamMode::OnDemand,
        shard_count: None,
        record_bytes_max: None,
        tags: BTreeMap::new(),
        warm_mibps: None,
        distribution: streams::Distribution::default(),
    };
    let taken = world.streams.create_stream(&world.scope, again.clone()).await;
    assert!(matches!(taken, Err(StreamsError::InUse(_))), "{taken:?}");
    world.streams.delete_stream(&world.scope, &name, true).await.unwrap();
    assert!(matches!(world.streams.stream(&world.scope, &name), Err(StreamsError::NotFound(_))));
    world.streams.create_stream(&world.scope, again).await.unwrap();
    assert_eq!(world.streams.stream(&world.scope, &name).unwrap().shards.len(), 4);
}

#[tokio::test]
async fn an_iterator_of_a_deleted_stream_does_not_read_its_successor() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let old = world.put(&name, "old").await;
    let iterator = world.streams.shard_iterator(&world.scope, &name, ShardId(0), Position::TrimHorizon).await.unwrap();
    world.streams.delete_stream(&world.scope, &name, true).await.unwrap();
    world.create("orders", 1).await;
    let new = world.put(&name, "new").await;
    assert!(new.sequence_number > old.sequence_number);
    let read = world.streams.get_records(&iterator, None).await;
    assert!(matches!(read, Err(StreamsError::NotFound(_))), "{read:?}");
    let position = Position::AtSequenceNumber(old.sequence_number);
    let refused = world.streams.shard_iterator(&world.scope, &name, ShardId(0), position).await;
    assert!(matches!(refused, Err(StreamsError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn streams_are_listed_by_name_in_pages_and_survive_a_restart() {
    let world = World::new().await;
    for name in ["b", "-a", "c", "A", "9"] {
        world.create(name, 1).await;
    }
    let world = world.restart().await;
    let page = world.streams.list_streams(&world.scope, None, 3);
    let names: Vec<_> = page.streams.iter().map(|stream| stream.name.as_str()).collect();
    assert_eq!(names, ["-a", "9", "A"]);
    assert!(page.has_more);
    let rest = world.streams.list_streams(&world.scope, Some(&StreamName::parse("A").unwrap()), 3);
    assert_eq!(rest.streams.len(), 2);
    assert!(!rest.has_more);
}

#[tokio::test]
async fn names_are_separate_per_region() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let mut elsewhere = world.scope.clone();
    elsewhere.region = types::Region::parse("eu-west-1").unwrap();
    assert!(world.streams.stream(&elsewhere, &name).is_err());
    assert!(world.streams.list_streams(&elsewhere, None, 10).streams.is_empty());
}

#[tokio::test]
async fn shard_filters_show_what_they_say() {
    let world = World::new().await;
    let name = world.create("orders", 3).await;
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    for filter in
        [ShardFilter::All, ShardFilter::AtLatest, ShardFilter::AtTrimHorizon, ShardFilter::AtTime(stream.created)]
    {
        assert_eq!(world.streams.list_shards(&stream, filter).len(), 3, "{filter:?}");
    }
    let after = world.streams.list_shards(&stream, ShardFilter::AfterShard(ShardId(0)));
    assert_eq!(after.iter().map(|shard| shard.id.0).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn shard_counts_are_checked() {
    let world = World::new().await;
    for (mode, count) in [
        (StreamMode::Provisioned, None),
        (StreamMode::Provisioned, Some(0)),
        (StreamMode::Provisioned, Some(20_001)),
        (StreamMode::OnDemand, Some(4)),
    ] {
        let request = CreateStream {
            name: StreamName::parse("x").unwrap(),
            mode,
            shard_count: count,
            record_bytes_max: None,
            tags: BTreeMap::new(),
            warm_mibps: None,
            distribution: streams::Distribution::default(),
        };
        assert!(world.streams.create_stream(&world.scope, request).await.is_err(), "{mode:?} {count:?}");
    }
}
