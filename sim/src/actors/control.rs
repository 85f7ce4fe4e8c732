//! The control plane under fire: streams are made, deleted, split, merged, spread anew and kept for longer or shorter.

use std::cell::Cell;
use std::sync::Arc;

use streams::{CreateStream, Stream, StreamsError};
use types::{HashKey, Kind, StreamName};

use crate::dice::Dice;
use crate::network::{Reply, call};
use crate::process::Process;
use crate::world::{Phase, World};

/// Open shards of a stream at most.
const SHARDS_MAX: usize = 6;

/// Changes streams until faults are over; then sees to it that all of them are there.
pub(crate) async fn control(world: Arc<World>, mut dice: Dice) {
    while world.phase() < Phase::Drain || (world.phase() < Phase::Over && !all_there(&world)) {
        let Some(name) = dice.pick(&world.names).cloned() else { return };
        let calm = world.phase() >= Phase::Healed;
        let shape = dice.fork();
        let deletes = Cell::new(false);
        let reply =
            call(&world, &mut dice, async |process| change(&world, &process, &name, shape, calm, &deletes).await);
        let reply = reply.await;
        if deletes.get() {
            // Whether it was told or not: what was written until now may be gone.
            world.history().forgive(&name);
        }
        match reply {
            Reply::Answered((what, Ok(()))) => {
                world.note(format_args!("{what} of {name}: done"));
                world.count(what, 1);
            }
            Reply::Answered((what, Err(error))) => {
                world.note(format_args!("{what} of {name}: {error}"));
                if error.kind() == Kind::Internal {
                    world.violation(format!("{what} of {name}: {error}"));
                }
            }
            Reply::Lost | Reply::Down => world.note(format_args!("a change of {name}: unknown")),
        }
        world.clock.sleep_ms(if calm { 100 } else { dice.between(20, 900) }).await;
    }
}

fn all_there(world: &World) -> bool {
    let process = world.process.borrow();
    let is_there = |name| process.as_ref().is_some_and(|process| process.streams.stream(&world.scope, name).is_ok());
    world.names.iter().all(is_there)
}

async fn change(
    world: &World,
    process: &Process,
    name: &StreamName,
    mut dice: Dice,
    calm: bool,
    deletes: &Cell<bool>,
) -> (&'static str, Result<(), StreamsError>) {
    let (streams, scope) = (&process.streams, &world.scope);
    let Ok(stream) = streams.stream(scope, name) else {
        let request = CreateStream::provisioned(name.clone(), dice.between(1, 3) as u32);
        return ("streams created", streams.create_stream(scope, request).await);
    };
    if calm {
        return ("looks", Ok(()));
    }
    match dice.below(20) {
        0 => {
            deletes.set(true);
            world.history().forgive(name);
            ("streams deleted", streams.delete_stream(scope, name, true).await)
        }
        1..=6 => split(process, world, &stream, &mut dice).await,
        7..=11 => merge(process, world, &stream, &mut dice).await,
        12..=13 => {
            let count = dice.between(1, SHARDS_MAX as u64) as u32;
            ("spreads", streams.update_shard_count(scope, name, count).await.map(|_| ()))
        }
        14..=16 => {
            let hours = [24, 25, 48, 72][dice.below(4) as usize];
            let now = stream.retention.as_secs() / 3600;
            ("retentions set", streams.set_retention(scope, name, hours, hours as u64 > now).await)
        }
        17..=18 => {
            let Some(consumer) = stream.consumers.values().next() else { return ("looks", Ok(())) };
            ("consumers deregistered", streams.deregister_consumer(&consumer.arn(&stream)).await)
        }
        _ => {
            streams.trim_expired().await;
            ("trims", Ok(()))
        }
    }
}

async fn split(
    process: &Process,
    world: &World,
    stream: &Stream,
    dice: &mut Dice,
) -> (&'static str, Result<(), StreamsError>) {
    let open: Vec<_> = stream.open_shards().collect();
    let Some(shard) = dice.pick(&open).filter(|_| open.len() < SHARDS_MAX) else { return ("looks", Ok(())) };
    let HashKey(start) = shard.range.start;
    let at = HashKey(start + (shard.range.end.0 - start) / 2);
    ("splits", process.streams.split_shard(&world.scope, &stream.name, shard.id, at).await)
}

async fn merge(
    process: &Process,
    world: &World,
    stream: &Stream,
    dice: &mut Dice,
) -> (&'static str, Result<(), StreamsError>) {
    let open: Vec<_> = stream.open_shards().collect();
    let pairs: Vec<_> = open.windows(2).map(|pair| (pair[0].id, pair[1].id)).collect();
    let Some((left, right)) = dice.pick(&pairs).copied() else { return ("looks", Ok(())) };
    ("merges", process.streams.merge_shards(&world.scope, &stream.name, left, right).await)
}
