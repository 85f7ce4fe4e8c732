//! Create, start, stop, delete, and what a running application shows.

use std::time::Duration;

use analytics::{AnalyticsError, Status};
use types::Kind;

use crate::world::{Disk, World, app};

const SQL: &str = "
CREATE TABLE input (n INT) WITH ('connector' = 'kinesis', 'stream' = 'input', 'format' = 'json');
CREATE TABLE output (n INT NOT NULL) PARTITIONED BY (n) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:000000000000:stream/output', 'format' = 'json');
INSERT INTO output SELECT n FROM input WHERE n > 0;";

async fn world() -> World {
    let world = World::start(&Disk::default()).await;
    world.create_stream("input", 2).await;
    world.create_stream("output", 1).await;
    world
}

fn status(world: &World) -> Status {
    world.analytics.describe(&world.scope, &app("a")).unwrap().status
}

fn failure(world: &World) -> Option<String> {
    world.analytics.stats(&world.scope, &app("a")).unwrap().failure.map(|(_, message)| message)
}

async fn wait_for_records(world: &World, count: u64) -> analytics::Stats {
    loop {
        let stats = world.analytics.stats(&world.scope, &app("a")).unwrap();
        if stats.records_in >= count {
            return stats;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_application_goes_through_its_states() {
    let world = world().await;
    let (scope, name) = (&world.scope, &app("a"));
    assert_eq!(world.create("a", SQL).await.unwrap().status, Status::Ready);
    assert_eq!(world.create("a", SQL).await.unwrap_err().kind(), Kind::InUse);
    assert_eq!(world.analytics.stop(scope, name, false).await.unwrap_err().kind(), Kind::InUse);

    world.put("input", 0, r#"{"n":1}"#).await;
    world.analytics.start(scope, name, false).await.unwrap();
    assert_eq!(status(&world), Status::Running);
    assert_eq!(world.analytics.start(scope, name, false).await.unwrap_err().kind(), Kind::InUse);
    world.put("input", 0, r#"{"n":2}"#).await;
    world.put("input", 1, r#"{"n":-2}"#).await;
    assert_eq!(world.wait_for_rows("output", 1).await, [r#"{"n":2}"#], "LATEST begins at the start");

    world.analytics.stop(scope, name, false).await.unwrap();
    assert_eq!(status(&world), Status::Ready);
    world.put("input", 1, r#"{"n":3}"#).await;
    world.analytics.start(scope, name, false).await.unwrap();
    let rows = world.wait_for_rows("output", 2).await;
    assert_eq!(rows, [r#"{"n":2}"#, r#"{"n":3}"#], "what came meanwhile is read, nothing twice");

    world.analytics.stop(scope, name, true).await.unwrap();
    world.put("input", 1, r#"{"n":4}"#).await;
    world.analytics.start(scope, name, true).await.unwrap();
    world.put("input", 1, r#"{"n":5}"#).await;
    let rows = world.wait_for_rows("output", 3).await;
    assert_eq!(rows[2], r#"{"n":5}"#, "a fresh start forgets the checkpoint");

    let stats = wait_for_records(&world, 1).await;
    assert_eq!((stats.records_in, stats.rows_out, stats.restarts), (1, 1, 0));
    world.analytics.delete(scope, name).await.unwrap();
    assert_eq!(world.analytics.describe(scope, name).unwrap_err().kind(), Kind::NotFound);
    world.create("a", SQL).await.unwrap();
}

#[tokio::test]
async fn lists_go_on_after_a_name() {
    let world = world().await;
    for name in ["c", "a", "b"] {
        world.create(name, SQL).await.unwrap();
    }
    let names = |page: &analytics::ApplicationPage| -> Vec<String> {
        page.applications.iter().map(|application| application.name.to_string()).collect()
    };
    let page = world.analytics.list(&world.scope, None, 2);
    assert_eq!((names(&page), page.has_more), (vec!["a".into(), "b".into()], true));
    let page = world.analytics.list(&world.scope, Some(&app("b")), 2);
    assert_eq!((names(&page), page.has_more), (vec!["c".into()], false));
}

#[tokio::test]
async fn a_failed_job_shows_why_and_goes_on_when_it_can() {
    let world = world().await;
    let (scope, name) = (&world.scope, &app("a"));
    world.create("a", &SQL.replace("'stream' = 'input'", "'stream' = 'later'")).await.unwrap();
    world.analytics.start(scope, name, false).await.unwrap();
    assert_eq!(status(&world), Status::Running);
    assert!(failure(&world).unwrap().contains("later"), "the missing stream is named");
    world.create_stream("later", 2).await;
    // The first wait is a second and up to a quarter more.
    world.clock.advance(Duration::from_secs(2));
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    world.put("later", 0, r#"{"n":1}"#).await;
    world.wait_for_rows("output", 1).await;

    world.put("later", 0, r#"{"n":"many"}"#).await;
    world.put("later", 0, r#"{"n":2}"#).await;
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    let failure = failure(&world).unwrap();
    assert!(failure.contains("table input") && failure.contains("shardId-000000000000"), "{failure}");
    assert!(failure.contains(r#"field n is "many", which is not of type INT"#), "{failure}");
    world.clock.advance(Duration::from_secs(2));
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.rows("output").await.len(), 1, "the record is tried again and nothing is written twice");
    world.analytics.stop(scope, name, false).await.unwrap();
}

#[tokio::test]
async fn wrong_sql_is_refused_when_it_is_created() {
    let world = world().await;
    let error = world.create("a", &SQL.replace("n > 0", "m > 0")).await.unwrap_err();
    let AnalyticsError::Code(refusal) = &error else { panic!("{error:?}") };
    assert_eq!((refusal.line, refusal.column), (4, 46), "{refusal}");
    assert_eq!(world.analytics.describe(&world.scope, &app("a")).unwrap_err().kind(), Kind::NotFound);
}

#[tokio::test]
async fn a_shutdown_saves_the_open_windows() {
    let disk = Disk::default();
    let world = World::start(&disk).await;
    world.create_stream("input", 1).await;
    world.create_stream("output", 1).await;
    let sql = "
        CREATE TABLE input (n INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'kinesis', 'stream' = 'input', 'format' = 'json');
        CREATE TABLE output (n BIGINT) WITH ('connector' = 'kinesis', 'stream' = 'output', 'format' = 'json');
        INSERT INTO output SELECT COUNT(*) FROM TABLE(TUMBLE(TABLE input, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end;";
    world.create("a", sql).await.unwrap();
    world.analytics.start(&world.scope, &app("a"), false).await.unwrap();
    world.put("input", 0, r#"{"ts":"2024-01-01 00:00:01"}"#).await;
    wait_for_records(&world, 1).await;
    world.analytics.shutdown().await;
    let world = World::start(&disk).await;
    world.put("input", 0, r#"{"ts":"2024-01-01 00:00:04"}"#).await;
    world.put("input", 0, r#"{"ts":"2024-01-01 00:00:05"}"#).await;
    assert_eq!(world.wait_for_rows("output", 1).await, [r#"{"n":2}"#]);
    let stats = wait_for_records(&world, 3).await;
    assert_eq!((stats.records_in, stats.watermark), (3, Some(1_704_067_205_000)));
}
