//! Consuming in process: cursors, buffers, checkpoints.

use bytes::Bytes;
use futures_util::FutureExt;
use streams::{Commit, PageBudget, Start, StreamsError};
use types::{Epoch, Offset, PartitionId};

use crate::world::{World, data, entry};

#[tokio::test]
async fn a_cursor_waits_for_the_next_record_and_can_go_on_elsewhere() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    let mut cursor = world.streams.shard_cursor(&stream, &stream.shards[0], Start::Latest).await.unwrap();
    let (page, _) = tokio::join!(cursor.next_page(10, 1 << 20), async {
        tokio::task::yield_now().await;
        world.put(&name, "a").await;
    });
    assert_eq!(data(page.unwrap().records), ["a"]);
    world.put(&name, "b").await;
    let position = Start::At(cursor.position());
    let mut resumed = world.streams.shard_cursor(&stream, &stream.shards[0], position).await.unwrap();
    assert_eq!(resumed.records_behind(), 1);
    assert_eq!(data(resumed.next_page(10, 1 << 20).await.unwrap().records), ["b"]);
}

#[tokio::test]
async fn a_cursor_ends_when_its_stream_is_deleted() {
    let world = World::new().await;
    let name = world.create("orders", 1).await;
    world.put(&name, "a").await;
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    let mut cursor = world.streams.shard_cursor(&stream, &stream.shards[0], Start::Latest).await.unwrap();
    let (page, _) = tokio::join!(cursor.next_page(10, 1 << 20), async {
        tokio::task::yield_now().await;
        world.streams.delete_stream(&world.scope, &name, true).await.unwrap();
    });
    assert!(matches!(page, Err(StreamsError::NotFound(_))), "{page:?}");
}

#[tokio::test]
async fn a_commit_is_the_checkpoint_and_its_output_or_nothing() {
    let world = World::new().await;
    let name = world.create("out", 1).await;
    let checkpoints = PartitionId::opened_by(Offset(99), 0);
    assert_eq!(world.streams.load_checkpoint(checkpoints).await.unwrap(), None);
    for step in 0..100 {
        let commit = Commit {
            checkpoint: (checkpoints, Bytes::from(step.to_string())),
            outputs: vec![(world.scope.clone(), name.clone(), vec![entry("k", &step.to_string())])],
        };
        world.streams.commit(commit).await.unwrap();
    }
    let missing = types::StreamName::parse("missing").unwrap();
    let outputs = vec![(world.scope.clone(), missing, vec![entry("k", "x")])];
    let refused = world.streams.commit(Commit { checkpoint: (checkpoints, Bytes::from("no")), outputs }).await;
    assert!(matches!(refused, Err(StreamsError::NotFound(_))), "{refused:?}");

    let world = world.restart().await;
    assert_eq!(world.streams.load_checkpoint(checkpoints).await.unwrap().unwrap(), "99");
    assert_eq!(world.read(&name, streams::Position::TrimHorizon).await.len(), 100);
}

#[tokio::test]
async fn a_buffer_is_read_from_a_position_and_trimmed() {
    let world = World::new().await;
    let buffer = PartitionId::opened_by(Offset(7), 1);
    let values = |range: std::ops::Range<u8>| range.map(|n| Bytes::from(vec![n])).collect::<Vec<_>>();
    assert_eq!(world.streams.buffer_append(buffer, values(0..3)).await.unwrap(), Offset(0));
    assert_eq!(world.streams.buffer_append(buffer, values(3..5)).await.unwrap(), Offset(3));
    world.streams.buffer_trim(buffer, Offset(2)).await.unwrap();
    let mut cursor = world.streams.buffer_cursor(buffer, Epoch(7), Start::At(Offset(0))).await.unwrap();
    let page = cursor.next_page(2, 1 << 20).await.unwrap();
    assert_eq!(page.records.iter().map(|record| record.data[0]).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(page.records_behind, 1);
}

#[tokio::test]
async fn pages_in_memory_are_bounded_for_all_cursors_together() {
    let world = World::new().await;
    let name = world.create("orders", 3).await;
    for key in 0..40 {
        world.streams.put_records(&world.scope, &name, vec![entry(&key.to_string(), "x")]).await.unwrap();
    }
    let stream = world.streams.stream(&world.scope, &name).unwrap();
    let budget = PageBudget::new(2, 10, 1 << 20);
    let mut silent = world.streams.shard_cursor(&stream, &stream.shards[0], Start::Latest).await.unwrap();
    assert!(silent.next_page_within(&budget).now_or_never().is_none(), "it waits, and holds nothing while it does");

    let mut held = Vec::new();
    for shard in &stream.shards[..2] {
        let mut cursor = world.streams.shard_cursor(&stream, shard, Start::Horizon).await.unwrap();
        held.push(cursor.next_page_within(&budget).await.unwrap());
    }
    let mut third = world.streams.shard_cursor(&stream, &stream.shards[2], Start::Horizon).await.unwrap();
    assert!(third.next_page_within(&budget).now_or_never().is_none(), "two pages are all that there may be");
    held.pop();
    assert!(!third.next_page_within(&budget).await.unwrap().page.records.is_empty());
}
