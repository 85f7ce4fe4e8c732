//! The state after a restart from a snapshot is the state that was.

use std::collections::{BTreeMap, BTreeSet};

use log::{COMMAND_PARTITION, Log};
use streams::{Resource, StreamMode};
use types::{ConsumerName, HashKey, Offset, ShardId};

use crate::world::World;

/// Trims the command log to its last snapshot.
async fn trim_to_the_last_snapshot(world: &World) {
    let page = world.log.read(COMMAND_PARTITION, Offset(0), usize::MAX, usize::MAX).await.unwrap();
    let first = page.records.iter().rfind(|record| record.key == "piece 0").unwrap();
    assert!(first.offset > Offset(10));
    world.log.trim(COMMAND_PARTITION, first.offset).await.unwrap();
}

#[tokio::test]
async fn a_restart_from_a_snapshot_forgets_nothing() {
    let world = World::new().await;
    let (orders, gone) = (world.create("orders", 2).await, world.create("gone", 1).await);
    let streams = &world.streams;
    streams.split_shard(&world.scope, &orders, ShardId(0), HashKey(1 << 100)).await.unwrap();
    streams.merge_shards(&world.scope, &orders, ShardId(2), ShardId(3)).await.unwrap();
    streams.update_shard_count(&world.scope, &orders, 3).await.unwrap();
    let consumer = ConsumerName::parse("reader").unwrap();
    streams.register_consumer(&world.scope, &orders, consumer, BTreeMap::new()).await.unwrap();
    let resource = Resource::Stream(orders.clone());
    let tags = BTreeMap::from([("k".into(), "v".into())]);
    streams.tag(&world.scope, resource.clone(), tags, BTreeSet::new()).await.unwrap();
    streams.set_policy(&world.scope, resource, Some("{}".into())).await.unwrap();
    streams.set_retention(&world.scope, &orders, 48, true).await.unwrap();
    streams.delete_stream(&world.scope, &gone, true).await.unwrap();
    let put = world.put(&orders, "before").await;
    for hours in 49..60 {
        streams.set_retention(&world.scope, &orders, hours, true).await.unwrap();
    }
    let before = streams.stream(&world.scope, &orders).unwrap();
    trim_to_the_last_snapshot(&world).await;

    let world = world.restart().await;
    assert_eq!(world.streams.stream(&world.scope, &orders).unwrap(), before);
    assert!(world.streams.stream(&world.scope, &gone).is_err());
    assert_eq!(before.mode, StreamMode::Provisioned);
    let again = world.put(&orders, "after").await;
    assert_eq!(again.shard, put.shard, "the same key goes to the same shard");
    assert!(again.sequence_number > put.sequence_number);
}
