//! The last look, when nothing fails any more and the clients have ended: everything that must be there is read once
//! more from the beginning.

use std::collections::BTreeSet;
use std::sync::Arc;

use streams::{Position, Shard, ShardFilter};
use types::StreamName;

use crate::dice::Dice;
use crate::network::{Reply, call};
use crate::tail::Tail;
use crate::world::{Phase, World};

/// Waits for the clients, looks, and ends the simulation.
pub(crate) async fn audit(world: Arc<World>, mut dice: Dice) {
    let mut at_work = world.at_work.subscribe();
    // The sender is in the world that we hold.
    let _sent = at_work.wait_for(|clients| *clients == 0).await;
    let mut seen = BTreeSet::new();
    for name in world.names.clone() {
        for shard in shards(&world, &mut dice, &name).await {
            seen.insert(shard.epoch.0);
            read_all(&world, &mut dice, Tail::new(&name, &shard, Position::TrimHorizon)).await;
        }
    }
    check_gone(&world, &seen);
    let torn = world.history().torn();
    for call in torn {
        if !world.history().is_stale(call, world.clock.now()) {
            world.violation(format!("call {call} was done in part"));
        }
    }
    world.phase.send_replace(Phase::Over);
}

/// The shards of a stream, whose open ones must cover all keys.
async fn shards(world: &Arc<World>, dice: &mut Dice, name: &StreamName) -> Vec<Shard> {
    let listed = loop {
        let listed = call(world, dice, async |process| {
            let stream = process.streams.stream(&world.scope, name).ok()?;
            let ranges: Vec<_> = stream.open_shards().map(|shard| shard.range).collect();
            Some((process.streams.list_shards(&stream, ShardFilter::All), ranges))
        });
        match listed.await {
            Reply::Answered(listed) => break listed,
            Reply::Lost | Reply::Down if world.phase() == Phase::Over => return Vec::new(),
            Reply::Lost | Reply::Down => world.clock.sleep_ms(50).await,
        }
    };
    let Some((shards, mut ranges)) = listed else { return Vec::new() };
    ranges.sort_unstable_by_key(|range| range.start);
    let covered = ranges.first().is_some_and(|first| first.start.0 == 0)
        && ranges.last().is_some_and(|last| last.end.0 == u128::MAX)
        && ranges.windows(2).all(|pair| pair[0].end.0.checked_add(1) == Some(pair[1].start.0));
    if !covered {
        world.violation(format!("the open shards of {name} do not cover all keys: {ranges:?}"));
    }
    shards
}

/// Reads a shard to its end.
async fn read_all(world: &Arc<World>, dice: &mut Dice, mut tail: Tail) {
    while world.phase() < Phase::Over {
        let (name, id, position) = (tail.stream.clone(), tail.shard, tail.position(false));
        let asked = world.clock.micros();
        let page = call(world, dice, async |process| {
            let iterator = process.streams.shard_iterator(&world.scope, &name, id, position).await?;
            process.streams.get_records(&iterator, None).await
        });
        match page.await {
            Reply::Answered(Ok(page)) => {
                tail.take(world, &page.records, asked);
                if page.next_iterator.is_none() {
                    return tail.end(world, &page.children);
                }
                if page.records.is_empty() {
                    return;
                }
            }
            // Retention may forget the shard under the reader.
            Reply::Answered(Err(error)) if error.kind() == types::Kind::NotFound => return,
            Reply::Answered(Err(error)) => return world.violation(format!("{tail:?} cannot be read: {error}")),
            Reply::Lost | Reply::Down => world.clock.sleep_ms(50).await,
        }
    }
}

/// Records whose shard is not there any more must be too old, or their stream deleted.
fn check_gone(world: &World, seen: &BTreeSet<u64>) {
    let mut history = world.history();
    let known: Vec<_> = history.known().collect();
    let now = world.clock.now();
    let mut gone = Vec::new();
    for ((epoch, offset), call) in known {
        let forgiven = history.puts[call].is_forgiven;
        if !seen.contains(&epoch) && !forgiven && !history.is_stale(call, now) {
            gone.push(format!("the shard of record {epoch}/{offset} of call {call} is gone"));
        }
    }
    history.violations.append(&mut gone);
}
