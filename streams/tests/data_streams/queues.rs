//! Queues: receipts, acknowledgements, visibility, dead letters, crashes, and what a stream with queues allows.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use log::{Bounds, Log};
use streams::{
    CreateQueue, CreateStream, Queue, QueueAction, QueueAttributes, QueueChange, QueueRecord, QueueRefusal, QueueStart,
    QueueStatus, Quotas, Receive, Resource, Shelf, StreamMode, StreamsConfig, StreamsError,
};
use types::{ConsumerName, PartitionId, QueueName, StreamName};

use crate::world::{World, entry};

const SECOND: Duration = Duration::from_secs(1);

async fn on_demand(world: &World, name: &str) -> StreamName {
    let name = StreamName::parse(name).unwrap();
    let request =
        CreateStream { mode: StreamMode::OnDemand, shard_count: None, ..CreateStream::provisioned(name.clone(), 1) };
    world.streams.create_stream(&world.scope, request).await.unwrap();
    name
}

fn request(stream: &StreamName, name: &str) -> CreateQueue {
    CreateQueue {
        name: QueueName::parse(name).unwrap(),
        stream: stream.clone(),
        start: QueueStart::Latest,
        attributes: QueueAttributes::default(),
        tags: BTreeMap::new(),
    }
}

async fn queue_with(world: &World, stream: &StreamName, attributes: QueueAttributes) -> Arc<Queue> {
    let request = CreateQueue { attributes, ..request(stream, "work") };
    world.streams.create_queue(&world.scope, request).await.unwrap()
}

async fn queue(world: &World, stream: &StreamName) -> Arc<Queue> {
    queue_with(world, stream, QueueAttributes::default()).await
}

/// What is there now, without a wait.
async fn receive(world: &World, queue: &Queue, shelf: Shelf, visibility: Option<u64>) -> Vec<QueueRecord> {
    let visibility = visibility.map(Duration::from_secs);
    let ask = Receive { shelf, limit: 10, wait: Duration::ZERO, visibility };
    world.streams.receive_queue_records(queue, ask).await.unwrap()
}

async fn take(world: &World, queue: &Queue) -> Vec<QueueRecord> {
    receive(world, queue, Shelf::Queue, None).await
}

async fn settle(
    world: &World,
    queue: &Queue,
    shelf: Shelf,
    records: &[QueueRecord],
    action: QueueAction,
) -> Vec<Result<(), QueueRefusal>> {
    let entries: Vec<_> = records.iter().map(|record| (record.handle.as_str(), action)).collect();
    world.streams.settle_queue_records(queue, shelf, &entries).await.unwrap()
}

async fn acknowledge(world: &World, queue: &Queue, records: &[QueueRecord]) -> Vec<Result<(), QueueRefusal>> {
    settle(world, queue, Shelf::Queue, records, QueueAction::Acknowledge).await
}

fn texts(records: &[QueueRecord]) -> Vec<String> {
    let mut texts: Vec<_> = records.iter().map(|record| String::from_utf8_lossy(&record.record.data).into()).collect();
    texts.sort();
    texts
}

async fn put_many(world: &World, stream: &StreamName, texts: std::ops::Range<usize>) {
    let entries = texts.map(|number| entry(&format!("key {number}"), &format!("{number:03}"))).collect();
    world.streams.put_records(&world.scope, stream, entries).await.unwrap();
}

#[tokio::test]
async fn each_record_has_one_receiver_until_its_visibility_ends() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    world.put(&stream, "before").await;
    let queue = queue(&world, &stream).await;
    put_many(&world, &stream, 0..15).await;
    let (first, second) = (take(&world, &queue).await, take(&world, &queue).await);
    assert_eq!((first.len(), second.len()), (10, 5));
    let ids: HashSet<_> = first.iter().chain(&second).map(|record| record.id.clone()).collect();
    assert_eq!(ids.len(), 15);
    assert!(ids.iter().all(|id| id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())));
    assert!(take(&world, &queue).await.is_empty());
    assert_eq!(acknowledge(&world, &queue, &first).await, [Ok(()); 10]);
    world.clock.advance(30 * SECOND);
    let again = take(&world, &queue).await;
    assert_eq!(texts(&again), texts(&second));
    let before = second.iter().find(|record| record.id == again[0].id).unwrap();
    assert_eq!((before.received, again[0].received), (1, 2));
    assert_eq!(before.first_received, again[0].first_received);
    // The receipts of before are worth nothing now, as is what was acknowledged.
    assert_eq!(acknowledge(&world, &queue, &second).await, [Err(QueueRefusal::Stale); 5]);
    assert_eq!(acknowledge(&world, &queue, &first[..1]).await, [Err(QueueRefusal::Stale)]);
    assert_eq!(acknowledge(&world, &queue, &again).await, [Ok(()); 5]);
    world.clock.advance(60 * SECOND);
    assert!(take(&world, &queue).await.is_empty());
}

#[tokio::test]
async fn a_queue_starts_where_it_is_told() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    put_many(&world, &stream, 0..2).await;
    world.clock.advance(SECOND);
    let then = types::Clock::now(&*world.clock);
    put_many(&world, &stream, 2..4).await;
    for (name, start, expected) in [
        ("all", QueueStart::TrimHorizon, vec!["000", "001", "002", "003"]),
        ("then", QueueStart::AtTimestamp(then), vec!["002", "003"]),
        ("new", QueueStart::Latest, vec![]),
    ] {
        let request = CreateQueue { start, ..request(&stream, name) };
        let queue = world.streams.create_queue(&world.scope, request).await.unwrap();
        assert_eq!(texts(&take(&world, &queue).await), expected, "{name}");
    }
}

#[tokio::test]
async fn visibility_can_be_changed_to_any_span_and_to_none() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let queue = queue(&world, &stream).await;
    world.put(&stream, "a").await;
    let taken = receive(&world, &queue, Shelf::Queue, Some(5)).await;
    let hide = |seconds| settle(&world, &queue, Shelf::Queue, &taken, QueueAction::Hide(seconds * SECOND));
    assert_eq!(hide(100).await, [Ok(())]);
    world.clock.advance(99 * SECOND);
    assert!(take(&world, &queue).await.is_empty());
    assert_eq!(hide(0).await, [Ok(())]);
    assert_eq!(texts(&receive(&world, &queue, Shelf::Queue, Some(0)).await), ["a"]);
    assert_eq!(take(&world, &queue).await[0].received, 3);
}

#[tokio::test]
async fn a_record_received_too_often_is_a_dead_letter_that_can_be_restored() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let attributes = QueueAttributes { receives_max: Some(2), ..QueueAttributes::default() };
    let queue = queue_with(&world, &stream, attributes).await;
    world.put(&stream, "poison").await;
    for count in 1..=2 {
        let taken = receive(&world, &queue, Shelf::Queue, Some(0)).await;
        assert_eq!(taken[0].received, count);
        let dead = receive(&world, &queue, Shelf::DeadLetters, Some(0)).await;
        assert_eq!(dead.len(), usize::from(count == 2), "it is dead when it was received as often as may be");
    }
    assert!(take(&world, &queue).await.is_empty());
    let dead = receive(&world, &queue, Shelf::DeadLetters, None).await;
    assert_eq!((texts(&dead), dead[0].received), (vec!["poison".to_owned()], 4));
    assert!(receive(&world, &queue, Shelf::DeadLetters, None).await.is_empty());
    // Each shelf has its own handles.
    assert_eq!(acknowledge(&world, &queue, &dead).await, [Err(QueueRefusal::Invalid)]);
    let world = world.restart().await;
    let restored = settle(&world, &queue, Shelf::DeadLetters, &dead, QueueAction::Restore).await;
    assert_eq!(restored, [Ok(())]);
    let taken = take(&world, &queue).await;
    assert_eq!((texts(&taken), taken[0].received), (vec!["poison".to_owned()], 1));
    let dead = settle(&world, &queue, Shelf::DeadLetters, &dead, QueueAction::Acknowledge).await;
    assert_eq!(dead, [Err(QueueRefusal::Stale)]);
    assert_eq!(acknowledge(&world, &queue, &taken).await, [Ok(())]);
}

#[tokio::test]
async fn without_dead_letters_a_record_comes_for_ever_and_starves_no_other() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let attributes = QueueAttributes { receives_max: None, visibility_seconds: 0 };
    let queue = queue_with(&world, &stream, attributes).await;
    put_many(&world, &stream, 0..10).await;
    for count in 1..20 {
        assert!(take(&world, &queue).await.iter().all(|record| record.received == count));
    }
    put_many(&world, &stream, 10..15).await;
    let taken = take(&world, &queue).await;
    assert_eq!(taken.iter().filter(|record| record.received == 1).count(), 5);
}

#[tokio::test]
async fn a_crash_forgets_no_acknowledgement_and_no_receipt() {
    let mut world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let queue = queue(&world, &stream).await;
    put_many(&world, &stream, 0..30).await;
    let mut done = Vec::new();
    for round in 0..3 {
        let taken = take(&world, &queue).await;
        let (settled, open) = taken.split_at(6);
        assert_eq!(acknowledge(&world, &queue, settled).await.len(), 6, "{round}");
        done.extend(texts(settled));
        world = world.restart().await;
        assert_eq!(acknowledge(&world, &queue, &open[..1]).await, [Ok(())], "a handle survives a restart");
        done.extend(texts(&open[..1]));
    }
    world.clock.advance(30 * SECOND);
    let rest = take(&world, &queue).await;
    assert_eq!(rest.len(), 9);
    done.extend(texts(&rest));
    done.sort();
    assert_eq!(done, (0..30).map(|number| format!("{number:03}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_journal_stays_short() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let queue = queue(&world, &stream).await;
    put_many(&world, &stream, 0..20).await;
    let held = take(&world, &queue).await;
    for _ in 0..1000 {
        let taken = receive(&world, &queue, Shelf::Queue, Some(0)).await;
        settle(&world, &queue, Shelf::Queue, &taken, QueueAction::PutBack).await;
    }
    // The journal is the only partition whose beginning was trimmed.
    let commands = world.log.bounds(PartitionId(0)).unwrap().end.0;
    let journals = (1..=commands).filter_map(|command| world.log.bounds(PartitionId(command << 16)));
    let trimmed: Vec<Bounds> = journals.filter(|bounds| bounds.start.0 > 0).collect();
    assert_eq!(trimmed.len(), 1);
    assert!(trimmed[0].end.0 - trimmed[0].start.0 < 1000, "{trimmed:?}");
    let world = world.restart().await;
    assert_eq!(acknowledge(&world, &queue, &held).await, [Ok(()); 10]);
    assert_eq!(take(&world, &queue).await.len(), 10);
}

#[tokio::test]
async fn a_waiting_receiver_is_woken() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let queue = queue(&world, &stream).await;
    let wait = Receive { shelf: Shelf::Queue, limit: 10, wait: 9 * SECOND, visibility: None };
    let receiving = || world.streams.receive_queue_records(&queue, wait);
    // By a record.
    let (taken, _) = tokio::join!(receiving(), async {
        tokio::task::yield_now().await;
        world.put(&stream, "a").await
    });
    let taken = taken.unwrap();
    assert_eq!(texts(&taken), ["a"]);
    // By a record that another receiver gives back.
    let (again, _) = tokio::join!(receiving(), async {
        tokio::task::yield_now().await;
        settle(&world, &queue, Shelf::Queue, &taken, QueueAction::Hide(Duration::ZERO)).await
    });
    assert_eq!(again.unwrap()[0].received, 2);
    // By the end of a visibility timeout that began before the wait: 30 seconds after the receipt.
    world.clock.advance(25 * SECOND);
    let waiting = tokio::spawn({
        let (streams, queue) = (world.streams.clone(), queue.clone());
        async move { streams.receive_queue_records(&queue, wait).await }
    });
    settled(|| false).await;
    world.clock.advance(5 * SECOND);
    assert_eq!(waiting.await.unwrap().unwrap()[0].received, 3);
    // By nothing: the answer is empty.
    let (none, ()) = tokio::join!(receiving(), async {
        settled(|| false).await;
        world.clock.advance(9 * SECOND);
    });
    assert!(none.unwrap().is_empty());
    // By the end of the queue.
    let (gone, deleted) = tokio::join!(receiving(), async {
        tokio::task::yield_now().await;
        world.streams.delete_queue(&queue).await
    });
    deleted.unwrap();
    assert!(matches!(gone, Err(StreamsError::NotFound(_))), "{gone:?}");
}

/// Lets the other tasks go as far as they can.
async fn settled(is_done: impl Fn() -> bool) {
    for _ in 0..100 {
        if is_done() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn records_of_new_shards_are_delivered_and_expired_ones_are_not() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let queue = queue(&world, &stream).await;
    put_many(&world, &stream, 0..4).await;
    let early = receive(&world, &queue, Shelf::Queue, Some(0)).await;
    assert_eq!(early.len(), 4);
    world.clock.advance(Duration::from_secs(24 * 3600 + 1));
    assert!(take(&world, &queue).await.is_empty(), "they are older than the retention");
    assert_eq!(acknowledge(&world, &queue, &early[..1]).await, [Err(QueueRefusal::Stale)]);
    world.streams.trim_expired().await;
    // Warm throughput of an on-demand stream opens shards.
    world.streams.set_commitment(&world.scope, true).await.unwrap();
    world.streams.set_warm_throughput(&world.scope, &stream, 8).await.unwrap();
    let shards = world.streams.stream(&world.scope, &stream).unwrap().open_shards().len();
    assert_eq!(shards, 8);
    put_many(&world, &stream, 4..14).await;
    assert_eq!(take(&world, &queue).await.len(), 10);
}

#[tokio::test]
async fn handles_die_with_their_queue() {
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let old = queue(&world, &stream).await;
    world.put(&stream, "a").await;
    let taken = take(&world, &old).await;
    world.streams.delete_queue(&old).await.unwrap();
    let new = world
        .streams
        .create_queue(&world.scope, CreateQueue { start: QueueStart::TrimHorizon, ..request(&stream, "work") });
    let new = new.await.unwrap();
    assert_eq!(acknowledge(&world, &new, &taken).await, [Err(QueueRefusal::Invalid)]);
    let to_the_old = world.streams.settle_queue_records(&old, Shelf::Queue, &[]).await;
    assert!(matches!(to_the_old, Err(StreamsError::NotFound(_))));
    assert_eq!(texts(&take(&world, &new).await), ["a"]);
    let forged = world.streams.settle_queue_records(&new, Shelf::Queue, &[("AAAA", QueueAction::Acknowledge)]).await;
    assert_eq!(forged.unwrap(), [Err(QueueRefusal::Invalid)]);
}

#[tokio::test]
async fn a_stream_with_queues_stays_as_it_is() {
    let quotas = Quotas { consumers_per_stream: Some(2), ..Quotas::default() };
    let world = World::with(StreamsConfig { quotas, ..StreamsConfig::default() }).await;
    let (streams, scope) = (&world.streams, &world.scope);
    let provisioned = world.create("provisioned", 1).await;
    let refused = streams.create_queue(scope, request(&provisioned, "q")).await;
    assert!(matches!(refused, Err(StreamsError::Unsupported(_))), "{refused:?}");
    let stream = on_demand(&world, "orders").await;
    let queue = queue(&world, &stream).await;
    assert_eq!(streams.queue_count(&streams.stream(scope, &stream).unwrap()), 1);
    assert!(matches!(streams.create_queue(scope, request(&stream, "work")).await, Err(StreamsError::InUse(_))));
    assert!(matches!(streams.delete_stream(scope, &stream, true).await, Err(StreamsError::InUse(_))));
    let switched = streams.set_mode(scope, &stream, StreamMode::Provisioned, None).await;
    assert!(matches!(switched, Err(StreamsError::InUse(_))), "{switched:?}");
    // Consumers and queues share a quota.
    let consumer =
        |name| streams.register_consumer(scope, &stream, ConsumerName::parse(name).unwrap(), BTreeMap::new());
    consumer("one").await.unwrap();
    assert!(matches!(consumer("two").await, Err(StreamsError::LimitExceeded(_))));
    let full = streams.create_queue(scope, request(&stream, "other")).await;
    assert!(matches!(full, Err(StreamsError::LimitExceeded(_))), "{full:?}");
    streams.delete_queue(&queue).await.unwrap();
    consumer("two").await.unwrap();
    streams.delete_stream(scope, &stream, true).await.unwrap();
}

#[tokio::test]
async fn control_state_survives_a_restart_and_takes_its_time() {
    let slow = || StreamsConfig { transition: SECOND, ..StreamsConfig::default() };
    let world = World::new().await;
    let stream = on_demand(&world, "orders").await;
    let world = world.restart_with(slow()).await;
    let queue = queue(&world, &stream).await;
    assert_eq!(queue.status, QueueStatus::Creating);
    let status = |world: &World| world.streams.queue(&queue.scope, &queue.name).map(|queue| queue.status).ok();
    let ask = Receive { shelf: Shelf::Queue, limit: 1, wait: SECOND, visibility: None };
    assert!(matches!(world.streams.receive_queue_records(&queue, ask).await, Err(StreamsError::NotFound(_))));
    let tags = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
    let resource = Resource::Queue(queue.name.clone());
    world.streams.tag(&world.scope, resource.clone(), tags.clone(), Default::default()).await.unwrap();
    let world = world.restart_with(slow()).await;
    let advance = async |world: &World, expected: Option<QueueStatus>| {
        settled(|| false).await;
        world.clock.advance(SECOND);
        settled(|| status(world) == expected).await;
        assert_eq!(status(world), expected);
    };
    advance(&world, Some(QueueStatus::Active)).await;
    let change = QueueChange { receives_max: Some(None), ..QueueChange::default() };
    let updated = world.streams.update_queue(&queue, change).await.unwrap();
    assert_eq!(updated.status, QueueStatus::Updating);
    assert_eq!(updated.attributes, QueueAttributes { receives_max: None, ..QueueAttributes::default() });
    assert!(matches!(world.streams.update_queue(&queue, change).await, Err(StreamsError::InUse(_))));
    advance(&world, Some(QueueStatus::Active)).await;
    let world = world.restart_with(slow()).await;
    assert_eq!(world.streams.tags(&world.scope, &resource).unwrap(), tags);
    assert_eq!(world.streams.queue(&queue.scope, &queue.name).unwrap().attributes, updated.attributes);
    world.streams.delete_queue(&queue).await.unwrap();
    assert_eq!(status(&world), Some(QueueStatus::Deleting));
    assert!(world.streams.delete_stream(&world.scope, &stream, true).now_or_never().is_none());
    advance(&world, None).await;
}
