//! A writer: one PutRecords call after the other, each to any stream, several keys in each.

use std::sync::Arc;

use bytes::Bytes;
use log::LogError;
use streams::{PutEntry, PutFailure, StreamsError};
use types::Kind;

use crate::dice::Dice;
use crate::network::{Reply, call};
use crate::world::{Phase, World};

/// Keys that a writer uses; they go to all shards.
const KEYS: u64 = 6;

/// Writes until the clients drain; the last calls come after the last fault and must be taken.
pub(crate) async fn writer(world: Arc<World>, mut dice: Dice, number: u64) {
    let mut progress = false;
    loop {
        world.clock.sleep_ms(dice.between(1, 120)).await;
        let phase = world.phase();
        if phase >= Phase::Drain && (progress || phase == Phase::Over) {
            return;
        }
        let Some(name) = dice.pick(&world.names).cloned() else { return };
        let count = dice.between(1, 8);
        let large = dice.chance(3);
        let records = (0..count).map(|_| {
            let len = if large { dice.between(1_000, 9_000) } else { dice.between(12, 300) };
            (format!("w{number}k{}", dice.below(KEYS)), len as usize)
        });
        let records: Vec<_> = records.collect();
        let keys: Vec<_> = records.iter().map(|(key, _)| key.clone()).collect();
        let now = (world.clock.micros(), world.clock.now());
        let (id, payloads) = world.history().begin(&name, now, records);
        let entries = keys.into_iter().zip(payloads).map(|(key, data)| PutEntry {
            partition_key: Some(Bytes::from(key)),
            explicit_hash_key: None,
            data: Bytes::from(data),
        });
        let entries: Vec<_> = entries.collect();
        let reply =
            call(&world, &mut dice, async |process| process.streams.put_records(&world.scope, &name, entries).await)
                .await;
        let taken = told(&world, id, reply);
        progress |= taken && phase >= Phase::Healed;
    }
}

/// Notes what the writer was told; answers whether the records were taken.
fn told(
    world: &World,
    id: usize,
    reply: Reply<Result<Vec<Result<streams::Placed, PutFailure>>, StreamsError>>,
) -> bool {
    let answer = match reply {
        Reply::Answered(answer) => answer,
        Reply::Lost => {
            world.note(format_args!("put {id}: lost"));
            world.count("puts of unknown outcome", 1);
            return false;
        }
        Reply::Down => {
            world.history().refused(id);
            return false;
        }
    };
    match answer {
        Ok(answers) => match answers.iter().cloned().collect::<Result<Vec<_>, _>>() {
            Ok(placed) => {
                let first = placed.first().map(|placed| placed.sequence_number);
                let first = first.map(|number| (number.epoch().0, number.at_offset().0));
                world.note(format_args!("put {id}: {} at {first:?}", placed.len()));
                world.count("records acknowledged", placed.len() as u64);
                world.history().taken(id, &placed, world.clock.micros());
                return true;
            }
            // No rates are set: all were refused or none.
            Err(_) if answers.iter().all(Result::is_err) => world.history().refused(id),
            Err(failure) => world.violation(format!("put {id} was taken in part: {failure:?}")),
        },
        Err(StreamsError::Log(LogError::Stopped(_))) => world.count("puts of unknown outcome", 1),
        Err(error) => {
            world.note(format_args!("put {id}: {error}"));
            world.count("puts refused", 1);
            if error.kind() == Kind::Internal {
                world.violation(format!("put {id}: {error}"));
            }
            world.history().refused(id);
        }
    }
    false
}
