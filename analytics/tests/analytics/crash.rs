//! Exactly once: an application that is killed at arbitrary moments writes what an undisturbed one writes.

use crate::world::{Disk, World, app};

const SQL: &str = "
CREATE TABLE numbers (n INT, k STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '2' SECOND)
WITH ('connector' = 'kinesis', 'stream' = 'numbers', 'source.init.position' = 'TRIM_HORIZON', 'format' = 'json');
CREATE TABLE windows (w TIMESTAMP(3), k STRING, n BIGINT, total INT, kinds BIGINT, low INT)
WITH ('connector' = 'kinesis', 'stream' = 'windows', 'format' = 'json');
CREATE TABLE copies (n INT) WITH ('connector' = 'kinesis', 'stream' = 'copies', 'format' = 'json');
EXECUTE STATEMENT SET BEGIN
INSERT INTO windows
SELECT window_start, k, COUNT(*), SUM(n), COUNT(DISTINCT n), MIN(n)
FROM TABLE(TUMBLE(TABLE numbers, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, k;
INSERT INTO copies SELECT n FROM numbers WHERE n % 3 = 0;
END;";

/// A small generator, so that each seed is one history.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// The input, up to 2 s out of order: shard and record. Every record of the second half is an aggregate of three.
fn input() -> Vec<(u128, String)> {
    let mut dice = Dice(7);
    let records: Vec<_> = (0..160)
        .map(|n| {
            let millis = n * 250 + dice.roll(2000);
            let time = format!("2024-01-01 00:{:02}:{:02}.{:03}", millis / 60_000, millis / 1000 % 60, millis % 1000);
            (u128::from(n % 2), format!(r#"{{"n":{n},"k":"k{}","ts":"{time}"}}"#, dice.roll(3)))
        })
        .collect();
    let (single, rest) = records.split_at(80);
    let mut records = single.to_vec();
    for shard in [0, 1] {
        let of_shard: Vec<_> = rest.iter().filter(|(of, _)| *of == shard).map(|(_, text)| text.as_str()).collect();
        records.extend(of_shard.chunks(3).map(|lines| (shard, lines.join("\n"))));
    }
    for shard in [0, 1] {
        records.push((shard, r#"{"n":-1,"k":"end","ts":"2024-01-01 01:00:00"}"#.into()));
    }
    records
}

fn life<T>(body: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(body)
}

async fn sorted(world: &World) -> (Vec<String>, Vec<String>) {
    let (mut windows, mut copies) = (world.rows("windows").await, world.rows("copies").await);
    windows.sort();
    copies.sort();
    (windows, copies)
}

/// Runs the whole history; `kill` says after how many turns each life ends.
fn history(mut kill: impl FnMut() -> Option<u64>) -> (Vec<String>, Vec<String>) {
    let disk = Disk::default();
    life(async {
        let world = World::start(&disk).await;
        world.create_stream("numbers", 2).await;
        world.create_stream("windows", 1).await;
        world.create_stream("copies", 1).await;
        world.create("a", SQL).await.unwrap();
        world.analytics.start(&world.scope, &app("a"), false).await.unwrap();
    });
    let mut rest = input().into_iter();
    let mut waiting = true;
    while waiting {
        waiting = life(async {
            let world = World::start(&disk).await;
            let Some(turns) = kill() else {
                for (shard, record) in rest.by_ref() {
                    world.put("numbers", shard, &record).await;
                }
                return false;
            };
            for turn in 0..turns {
                if turn % 5 == 0
                    && let Some((shard, record)) = rest.next()
                {
                    world.put("numbers", shard, &record).await;
                }
                tokio::task::yield_now().await;
            }
            rest.len() > 0
        });
    }
    life(async {
        let world = World::start(&disk).await;
        let mut last = sorted(&world).await;
        // It is done when nothing was written for long.
        for _ in 0..20 {
            for _ in 0..200 {
                tokio::task::yield_now().await;
            }
            let now = sorted(&world).await;
            if now == last && !now.0.is_empty() {
                return now;
            }
            last = now;
        }
        last
    })
}

#[test]
fn crashes_neither_lose_nor_repeat_rows() {
    let (windows, copies) = history(|| None);
    assert_eq!(copies.len(), 54, "{copies:?}");
    let counted: u64 =
        windows.iter().map(|row| serde_json::from_str::<serde_json::Value>(row).unwrap()["n"].as_u64().unwrap()).sum();
    assert_eq!(counted, 160, "every record is in a window that fired");
    for seed in 0..25 {
        let mut dice = Dice(seed);
        let disturbed = history(|| Some(dice.roll(300)));
        assert_eq!(disturbed.0, windows, "windows of seed {seed}");
        assert_eq!(disturbed.1, copies, "copies of seed {seed}");
    }
}
