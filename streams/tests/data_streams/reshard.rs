//! Splits, merges and scaling: lineage, order per key, and what a crash in between leaves.

use std::collections::BTreeMap;
use std::time::Duration;

use streams::{Position, Shard, ShardFilter, StreamStatus, StreamsConfig, StreamsError};
use types::{HashKey, ShardId, StreamName};

use crate::world::{World, data, entry};

const MIDDLE: u128 = 1 << 127;

fn ids(shards: &[Shard]) -> Vec<u32> {
    shards.iter().map(|shard| shard.id.0).collect()
}

impl World {
    fn shards(&self, name: &StreamName, filter: ShardFilter) -> Vec<Shard> {
        self.streams.list_shards(&self.streams.stream(&self.scope, name).unwrap(), filter)
    }

    async fn split(&self, name: &StreamName, shard: u32, at: u128) -> Result<(), StreamsError> {
        self.streams.split_shard(&self.scope, name, ShardId(shard), HashKey(at)).await
    }

    /// Everything in the stream by reading each shard to its end and then its children, as consumers do.
    async fn lineage(&self, name: &StreamName) -> Vec<String> {
        let (mut all, mut shards) = (Vec::new(), ids(&self.shards(name, ShardFilter::All)));
        shards.sort_unstable();
        for shard in shards {
            let start = self.streams.shard_iterator(&self.scope, name, ShardId(shard), Position::TrimHorizon);
            let mut next = Some(start.await.unwrap());
            while let Some(iterator) = next {
                let page = self.streams.get_records(&iterator, None).await.unwrap();
                if page.records.is_empty() && page.next_iterator.is_some() {
                    break;
                }
                assert_eq!(page.next_iterator.is_none(), !page.children.is_empty(), "an end comes with its children");
                all.extend(data(page.records));
                next = page.next_iterator;
            }
        }
        all
    }
}

#[tokio::test]
async fn a_split_closes_the_parent_and_opens_two_children() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let before = world.put(&name, "before").await;
    world.split(&name, 0, MIDDLE).await.unwrap();
    let after = world.put(&name, "after").await;
    assert!(after.sequence_number > before.sequence_number);
    assert_eq!(ids(&world.shards(&name, ShardFilter::AtLatest)), [1, 2]);
    let all = world.shards(&name, ShardFilter::All);
    assert_eq!(all[1].parents, [ShardId(0)]);
    assert_eq!((all[1].range.end.0, all[2].range.start.0), (MIDDLE - 1, MIDDLE));
    assert!(all[0].ending_sequence_number().unwrap() > before.sequence_number);
    assert!(all[1].starting_sequence_number() > all[0].ending_sequence_number().unwrap());
    assert_ne!(all[1].starting_sequence_number(), all[2].starting_sequence_number());
    assert_eq!(world.lineage(&name).await, ["before", "after"]);
    let world = world.restart().await;
    assert_eq!(ids(&world.shards(&name, ShardFilter::All)), [0, 1, 2]);
    assert_eq!(world.lineage(&name).await, ["before", "after"]);
}

#[tokio::test]
async fn wrong_splits_and_merges_are_refused() {
    let world = World::new().await;
    let name = world.create("orders", 3).await;
    for at in [0, 1, u128::MAX] {
        assert!(matches!(world.split(&name, 0, at).await, Err(StreamsError::Invalid(_))), "{at}");
    }
    assert!(matches!(world.split(&name, 9, MIDDLE).await, Err(StreamsError::NotFound(_))));
    let merge = |one, other| world.streams.merge_shards(&world.scope, &name, ShardId(one), ShardId(other));
    for (one, other) in [(0, 2), (1, 1), (1, 0)] {
        assert!(matches!(merge(one, other).await, Err(StreamsError::Invalid(_))), "{one} {other}");
    }
    merge(0, 1).await.unwrap();
    let shards = world.shards(&name, ShardFilter::All);
    assert_eq!(shards[3].parents, [ShardId(0), ShardId(1)]);
    assert!(matches!(merge(0, 1).await, Err(StreamsError::Invalid(_))), "both are closed");
    let closed = world.split(&name, 0, 5).await.unwrap_err();
    assert!(
        matches!(&closed, StreamsError::Invalid(text) if text.contains("already been merged or split")),
        "{closed}"
    );
}

#[tokio::test]
async fn a_sequence_number_is_of_one_shard_only() {
    let world = World::new().await;
    let name = world.create("orders", 2).await;
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    let position = Position::AtSequenceNumber(stream.shards[1].starting_sequence_number());
    let foreign = world.streams.shard_iterator(&world.scope, &name, ShardId(0), position).await;
    assert!(matches!(foreign, Err(StreamsError::Invalid(_))), "{foreign:?}");
    world.streams.shard_iterator(&world.scope, &name, ShardId(1), position).await.unwrap();
}

#[tokio::test]
async fn scaling_spreads_evenly_and_keeps_every_record() {
    let world = World::new().await;
    let name = world.create("orders", 2).await;
    let mut put = 0;
    for target in [3, 7, 2, 5, 1] {
        for _ in 0..20 {
            let one = entry(&format!("key-{}", put % 7), &put.to_string());
            world.streams.put_records(&world.scope, &name, vec![one]).await.unwrap();
            put += 1;
        }
        let before = world.shards(&name, ShardFilter::AtLatest).len();
        let scaled = world.streams.update_shard_count(&world.scope, &name, target).await.unwrap();
        assert_eq!((scaled.before as usize, scaled.target), (before, target));
        let mut open: Vec<_> = world.shards(&name, ShardFilter::AtLatest).iter().map(|shard| shard.range).collect();
        open.sort_by_key(|range| range.start);
        assert_eq!(open, types::HashRange::split_evenly(target));
    }
    let mut seen: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for number in world.lineage(&name).await {
        let number: u64 = number.parse().unwrap();
        seen.entry(number % 7).or_default().push(number);
    }
    assert_eq!(seen.values().map(Vec::len).sum::<usize>(), put as usize);
    assert!(seen.values().all(|numbers| numbers.is_sorted()), "{seen:?}");
    let again = world.streams.update_shard_count(&world.scope, &name, 1).await;
    assert!(matches!(again, Err(StreamsError::Invalid(_))), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn puts_during_reshards_keep_the_order_of_every_key() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let writers = (0..4).map(|writer| {
        let (streams, scope, name) = (world.streams.clone(), world.scope.clone(), name.clone());
        tokio::spawn(async move {
            for number in 0..400 {
                let key = format!("key-{writer}");
                let one = entry(&key, &format!("{writer} {number}"));
                streams.put_records(&scope, &name, vec![one]).await.unwrap().remove(0).unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for target in [2, 4, 3, 8, 1, 5].into_iter().cycle().take(24) {
        world.streams.update_shard_count(&world.scope, &name, target).await.unwrap();
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let mut by_writer: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for text in world.lineage(&name).await {
        let (writer, number) = text.split_once(' ').unwrap();
        by_writer.entry(writer.into()).or_default().push(number.parse().unwrap());
    }
    assert_eq!(by_writer.len(), 4);
    for (writer, numbers) in by_writer {
        assert_eq!(numbers, (0..400).collect::<Vec<_>>(), "writer {writer}");
    }
}

#[tokio::test]
async fn what_a_stop_leaves_in_between_is_finished_at_the_next_start() {
    let slow = StreamsConfig { transition: Duration::from_secs(1), ..StreamsConfig::default() };
    let world = World::with(slow).await;
    let name = world.create("orders", 1).await;
    let status = |world: &World| world.streams.stream(&world.scope, &name).unwrap().status;
    assert_eq!(status(&world), StreamStatus::Creating);
    assert!(world.shards(&name, ShardFilter::All).is_empty());
    let early = world.streams.put_records(&world.scope, &name, vec![entry("k", "v")]).await;
    assert!(matches!(early, Err(StreamsError::NotFound(_))), "{early:?}");
    let world = world.restart().await;
    assert_eq!(status(&world), StreamStatus::Active);

    let world = world.restart_with(StreamsConfig { transition: Duration::from_secs(1), ..Default::default() }).await;
    world.put(&name, "before").await;
    world.split(&name, 0, MIDDLE).await.unwrap();
    assert_eq!(status(&world), StreamStatus::Updating);
    world.put(&name, "during").await;
    let again = world.split(&name, 0, MIDDLE).await;
    assert!(matches!(again, Err(StreamsError::InUse(_))), "{again:?}");
    let world = world.restart().await;
    assert_eq!(status(&world), StreamStatus::Active);
    assert_eq!(ids(&world.shards(&name, ShardFilter::AtLatest)), [1, 2]);
    assert_eq!(world.lineage(&name).await, ["before", "during"]);
}

#[tokio::test]
async fn closed_shards_expire_with_their_last_record() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    world.put(&name, "old").await;
    world.split(&name, 0, MIDDLE).await.unwrap();
    world.clock.advance(Duration::from_secs(25 * 3600));
    assert_eq!(ids(&world.shards(&name, ShardFilter::All)), [1, 2]);
    world.streams.trim_expired().await;
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    assert_eq!(ids(&stream.shards), [1, 2]);
    let world = world.restart().await;
    world.split(&name, 1, 77).await.unwrap();
    assert_eq!(ids(&world.shards(&name, ShardFilter::All)), [1, 2, 3, 4], "ids are never used again");
}
