//! Putting and reading back, with every kind of iterator.

use std::time::Duration;

use bytes::Bytes;
use streams::{Position, PutEntry, StreamsError};
use types::{HashKey, SequenceNumber, ShardId, Timestamp};

use crate::world::{World, data, entry};

#[tokio::test]
async fn every_iterator_type_starts_where_it_says() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let mut placed = Vec::new();
    for data in ["a", "b", "c"] {
        placed.push(world.put(&name, data).await);
        world.clock.advance(Duration::from_millis(10));
    }
    let start = Timestamp(1_700_000_000_000);
    let first = placed[0].sequence_number;
    let before_all = SequenceNumber::start_of(first.epoch());
    for (position, expected) in [
        (Position::TrimHorizon, vec!["a", "b", "c"]),
        (Position::Latest, vec![]),
        (Position::AtSequenceNumber(placed[1].sequence_number), vec!["b", "c"]),
        (Position::AfterSequenceNumber(placed[1].sequence_number), vec!["c"]),
        (Position::AfterSequenceNumber(placed[2].sequence_number), vec![]),
        (Position::AtSequenceNumber(before_all), vec!["a", "b", "c"]),
        (Position::AfterSequenceNumber(before_all), vec!["a", "b", "c"]),
        (Position::AtTimestamp(Timestamp(0)), vec!["a", "b", "c"]),
        (Position::AtTimestamp(Timestamp(start.0 + 10)), vec!["b", "c"]),
        (Position::AtTimestamp(Timestamp(start.0 + 11)), vec!["c"]),
        (Position::AtTimestamp(Timestamp(start.0 + 25)), vec![]),
    ] {
        assert_eq!(world.read(&name, position).await, expected, "{position:?}");
    }
    let future = Position::AtTimestamp(Timestamp(start.0 + 60_000));
    let refused = world.streams.shard_iterator(&world.scope, &name, ShardId(0), future).await;
    assert!(matches!(refused, Err(StreamsError::Invalid(_))), "{refused:?}");
}

#[tokio::test]
async fn latest_returns_what_comes_after_it_and_pages_go_on() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    world.put(&name, "before").await;
    let latest = world.streams.shard_iterator(&world.scope, &name, ShardId(0), Position::Latest).await.unwrap();
    for data in ["x", "y", "z"] {
        world.put(&name, data).await;
    }
    world.clock.advance(Duration::from_millis(500));
    let page = world.streams.get_records(&latest, Some(2)).await.unwrap();
    assert_eq!(page.millis_behind_latest, 500);
    assert_eq!(data(page.records), ["x", "y"]);
    let page = world.streams.get_records(&page.next_iterator.unwrap(), None).await.unwrap();
    assert_eq!(page.millis_behind_latest, 0);
    assert_eq!(data(page.records), ["z"]);
    let again = world.streams.get_records(&latest, None).await.unwrap();
    assert_eq!(again.records.len(), 3, "an iterator is good for any number of reads");
}

#[tokio::test]
async fn iterators_expire_after_five_minutes_and_survive_a_restart() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    world.put(&name, "a").await;
    let iterator = world.streams.shard_iterator(&world.scope, &name, ShardId(0), Position::TrimHorizon).await.unwrap();
    world.clock.advance(Duration::from_secs(300));
    let world = world.restart().await;
    assert_eq!(world.streams.get_records(&iterator, None).await.unwrap().records.len(), 1);
    world.clock.advance(Duration::from_millis(1));
    let expired = world.streams.get_records(&iterator, None).await;
    assert!(matches!(expired, Err(StreamsError::ExpiredIterator(_))), "{expired:?}");
}

#[tokio::test]
async fn records_are_routed_by_md5_or_by_the_explicit_key() {
    let world = World::new().await;
    let name = world.create("orders", 4).await;
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    let mut entries: Vec<_> = (0..100).map(|n| entry(&format!("key-{n}"), "x")).collect();
    entries.push(PutEntry { explicit_hash_key: Some(u128::MAX.to_string()), ..entry("a", "x") });
    entries.push(PutEntry { explicit_hash_key: Some("0".into()), ..entry("b", "x") });
    let keys: Vec<_> = entries.iter().map(|e| HashKey::of_partition_key(e.partition_key.as_ref().unwrap())).collect();
    let placed = world.streams.put_records(&world.scope, &name, entries).await.unwrap();
    for (key, placed) in keys.iter().zip(&placed).take(100) {
        let shard = stream.shard(placed.as_ref().unwrap().shard).unwrap();
        assert!(shard.range.contains(*key));
    }
    assert_eq!(placed[100].as_ref().unwrap().shard, ShardId(3));
    assert_eq!(placed[101].as_ref().unwrap().shard, ShardId(0));
}

#[tokio::test]
async fn one_wrong_entry_refuses_the_whole_batch() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let big = PutEntry { data: Bytes::from(vec![0; 1 << 20]), ..entry("k", "") };
    let bad_hash =
        PutEntry { explicit_hash_key: Some("340282366920938463463374607431768211456".into()), ..entry("k", "") };
    for wrong in [big, bad_hash] {
        let refused = world.streams.put_records(&world.scope, &name, vec![entry("k", "fine"), wrong]).await;
        assert!(matches!(refused, Err(StreamsError::Invalid(_))), "{refused:?}");
    }
    assert!(world.read(&name, Position::TrimHorizon).await.is_empty());
}

#[tokio::test]
async fn old_records_are_skipped_and_trimmed_for_good() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    world.put(&name, "old").await;
    let iterator = |position| world.streams.shard_iterator(&world.scope, &name, ShardId(0), position);
    world.clock.advance(Duration::from_secs(23 * 3600));
    world.put(&name, "new").await;
    world.clock.advance(Duration::from_secs(3601));
    let horizon = iterator(Position::TrimHorizon).await.unwrap();
    let page = world.streams.get_records(&horizon, None).await.unwrap();
    assert_eq!(data(page.records), ["new"], "skipped before it is trimmed");
    world.streams.trim_expired().await;
    assert_eq!(world.read(&name, Position::TrimHorizon).await, ["new"]);
    assert_eq!(data(world.streams.get_records(&horizon, None).await.unwrap().records), ["new"]);
    world.clock.advance(Duration::from_secs(48 * 3600));
    assert!(world.read(&name, Position::TrimHorizon).await.is_empty());
}
