//! A reader with checkpoints: it follows the shards of a stream with iterators of all types, and now and then forgets
//! everything behind its last checkpoint, as an application that is started again does.

use std::sync::Arc;

use streams::{GetPage, Position, StreamsError};
use types::{Kind, ShardId, StreamName, Timestamp};

use super::shards::Shards;
use crate::dice::Dice;
use crate::network::{Reply, call};
use crate::world::{Phase, World};

/// Reads until the clients have drained and nothing is left.
pub(crate) async fn reader(world: Arc<World>, mut dice: Dice, name: StreamName) {
    let mut shards = Shards::default();
    let mut checkpoint = shards.clone();
    loop {
        world.clock.sleep_ms(dice.between(5, 250)).await;
        if world.phase() >= Phase::Drain {
            return;
        }
        if dice.chance(4) {
            world.count("readers restarted", 1);
            shards = checkpoint.clone();
        }
        let start = if shards.is_new() { first(&world, &mut dice) } else { Position::TrimHorizon };
        match shards.refresh(&world, &mut dice, &name, start).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(_) => {
                shards = Shards::default();
                checkpoint = Shards::default();
                continue;
            }
        }
        let ids: Vec<ShardId> = shards.tails.keys().copied().collect();
        for id in ids {
            read_some(&world, &mut dice, &mut shards, id).await;
        }
        if dice.chance(20) {
            checkpoint = shards.clone();
        }
    }
}

/// Where a reader begins that has no checkpoint.
fn first(world: &World, dice: &mut Dice) -> Position {
    match dice.below(4) {
        0 => Position::Latest,
        1 => Position::AtTimestamp(Timestamp(world.clock.now().0 - dice.below(3_000))),
        _ => Position::TrimHorizon,
    }
}

/// Reads a few pages of a shard.
async fn read_some(world: &Arc<World>, dice: &mut Dice, shards: &mut Shards, id: ShardId) {
    let epoch = shards.stream();
    let Some(tail) = shards.tails.get_mut(&id) else { return };
    let position = tail.position(dice.chance(20));
    let name = tail.stream.clone();
    let got = call(world, dice, async |process| {
        let stream = process.streams.stream(&world.scope, &name)?;
        if Some(stream.epoch) != epoch {
            return Err(StreamsError::NotFound("another stream has the name by now".into()));
        }
        let iterator = process.streams.shard_iterator(&world.scope, &name, id, position).await?;
        Ok((iterator, world.clock.micros()))
    });
    let mut iterator = match got.await {
        Reply::Answered(Ok((iterator, resolved))) => {
            tail.resolved(position, resolved);
            iterator
        }
        // The wall clock went back behind the time that is asked for.
        Reply::Answered(Err(StreamsError::Invalid(_))) if matches!(position, Position::AtTimestamp(_)) => return,
        Reply::Answered(Err(error)) => return refused(world, &format!("{tail:?} at {position:?}"), &error),
        Reply::Lost | Reply::Down => return,
    };
    for _ in 0..dice.between(1, 3) {
        let limit = if dice.chance(30) { dice.between(1, 5) as usize } else { 10_000 };
        let asked = world.clock.micros();
        let page = call(world, dice, async |process| process.streams.get_records(&iterator, Some(limit)).await);
        let page: GetPage = match page.await {
            Reply::Answered(Ok(page)) => page,
            Reply::Answered(Err(error)) => return refused(world, &format!("{tail:?}"), &error),
            Reply::Lost | Reply::Down => return,
        };
        world.count("pages", 1);
        tail.take(world, &page.records, asked);
        match page.next_iterator {
            Some(next) => iterator = next,
            None => return shards.end(world, id, &page.children),
        }
    }
}

/// What was read before must be a place where reading can go on.
fn refused(world: &World, what: &str, error: &StreamsError) {
    world.note(format_args!("a reader was refused: {error}"));
    if matches!(error.kind(), Kind::Invalid | Kind::Internal) {
        world.violation(format!("{what}: {error}"));
    }
}
