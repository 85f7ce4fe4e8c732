//! PutRecord and PutRecordBatch into objects.

use std::collections::HashSet;
use std::io::Read;

use types::{Kind, limits};

use super::*;
use crate::{AppendDelimiter, Compression, Processing};

#[tokio::test]
async fn an_object_is_closed_when_its_time_has_come() {
    let world = World::new().await;
    world.create(direct_put(destination(5, 60))).await;
    world.put(&["a", "b"]).await;
    world.pass(59).await;
    world.put(&["c"]).await;
    assert!(world.objects().await.is_empty(), "the interval counts from the first record");
    assert_eq!(world.stats().await.records_waiting, 3);
    world.pass(1).await;

    let objects = world.objects().await;
    let (key, body) = objects.first_key_value().unwrap();
    assert!(key.starts_with("bucket/2024/05/01/13/orders-1-2024-05-01-13-02-41-"), "{key}");
    assert_eq!((&body[..], objects.len()), (&b"abc"[..], 1));
    let stats = world.stats().await;
    assert_eq!((stats.records_in, stats.bytes_in, stats.records_waiting), (3, 3, 0));
    assert_eq!((stats.objects_delivered, stats.records_delivered, stats.bytes_delivered), (1, 3, 3));
    assert_eq!((stats.oldest_record_age, stats.last_error), (None, None));

    world.pass(600).await;
    assert_eq!(world.objects().await.len(), 1, "nothing new makes no object");
}

#[tokio::test]
async fn an_object_is_closed_when_it_is_full() {
    let world = World::new().await;
    world.create(direct_put(destination(1, 900))).await;
    let record = "x".repeat(400 << 10);
    for _ in 0..7 {
        world.put(&[&record]).await;
    }
    world.settle().await;
    let sizes: Vec<_> = world.objects().await.into_values().map(|body| body.len()).collect();
    assert_eq!(sizes, [3 * record.len(), 3 * record.len()], "a record is never split");
    assert_eq!(world.stats().await.records_waiting, 1);
}

#[tokio::test]
async fn an_interval_of_zero_delivers_within_a_second() {
    let world = World::new().await;
    world.create(direct_put(destination(5, 0))).await;
    world.put(&["now"]).await;
    world.pass(1).await;
    assert_eq!(world.bodies().await, ["now"]);
}

#[tokio::test]
async fn delimiter_and_gzip() {
    let world = World::new().await;
    let processing = Processing { enabled: true, append_delimiter: Some(AppendDelimiter::default()) };
    let destination =
        Destination { compression: Compression::Gzip, processing: Some(processing), ..destination(1, 900) };
    world.create(direct_put(destination)).await;
    let record = "y".repeat(300_000);
    for _ in 0..4 {
        world.put(&[&record]).await;
    }
    let objects = world.objects_when(1).await;
    let (key, body) = objects.first_key_value().unwrap();
    assert!(key.ends_with(".gz") && body.len() < 10_000, "{key}");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, format!("{record}\n").repeat(4));
}

#[tokio::test]
async fn a_put_answers_ids_that_are_unique() {
    let world = World::new().await;
    world.create(direct_put(destination(5, 60))).await;
    let mut ids = HashSet::new();
    for _ in 0..3 {
        let records = vec![Bytes::from_static(b"r"); 500];
        for id in world.delivery().put(&scope(), &name("orders"), records).await.unwrap() {
            assert!(ids.insert(String::from(id)));
        }
    }
    assert_eq!(ids.len(), 1500);
}

#[tokio::test]
async fn what_cannot_be_put_is_refused() {
    let world = World::new().await;
    world.create(direct_put(destination(5, 60))).await;
    let put = async |stream: &str, count: usize, size: usize| {
        let records = vec![Bytes::from(vec![0; size]); count];
        let error = world.delivery().put(&scope(), &name(stream), records).await.unwrap_err();
        (error.kind(), error.to_string())
    };
    let missing = (Kind::NotFound, "Firehose other under account 000000000000 not found.".to_string());
    assert_eq!(put("other", 1, 1).await, missing);
    assert_eq!(put("orders", 1, limits::DELIVERY_RECORD_BYTES_MAX + 1).await.0, Kind::Invalid);
    assert_eq!(put("orders", 501, 1).await.0, Kind::Invalid);
    assert_eq!(put("orders", 5, 1_000_000).await, (Kind::Invalid, "Records size exceeds 4 MB limit".into()));
    let most = vec![Bytes::from(vec![0; limits::DELIVERY_RECORD_BYTES_MAX])];
    world.delivery().put(&scope(), &name("orders"), most).await.unwrap();
}

#[tokio::test]
async fn create_describe_list_delete() {
    let world = World::new().await;
    let delivery = world.delivery();
    world.create(direct_put(destination(5, 60))).await;
    let again = delivery.create(&scope(), direct_put(destination(5, 60))).await.unwrap_err();
    assert_eq!(again.kind(), Kind::InUse);
    for other in ["b", "z"] {
        world.create(CreateDeliveryStream { name: name(other), ..direct_put(destination(5, 60)) }).await;
    }
    assert_eq!(delivery.describe(&scope(), &name("orders")).unwrap().destination, destination(5, 60));

    let page = |after: Option<&str>, limit| {
        let page = delivery.list(&scope(), after.map(name).as_ref(), limit, |_| true);
        (page.streams.iter().map(|stream| stream.name.to_string()).collect::<Vec<_>>(), page.has_more)
    };
    assert_eq!(page(None, 2), (vec!["b".into(), "orders".into()], true));
    assert_eq!(page(Some("orders"), 2), (vec!["z".into()], false));
    assert!(delivery.list(&scope(), None, 10, |source| source.stream_arn().is_some()).streams.is_empty());

    world.put(&["last"]).await;
    delivery.delete(&scope(), &name("orders")).await.unwrap();
    assert_eq!(delivery.describe(&scope(), &name("orders")).unwrap_err().kind(), Kind::NotFound);
    world.settle().await;
    assert_eq!(world.bodies().await, ["last"], "what was in memory is still delivered");
    assert_eq!(delivery.delete(&scope(), &name("orders")).await.unwrap_err().kind(), Kind::NotFound);

    world.create(direct_put(destination(5, 60))).await;
    world.put(&["new"]).await;
    world.pass(60).await;
    assert_eq!(world.objects().await.len(), 2, "the name is free again and delivers");
}
