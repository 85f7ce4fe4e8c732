//! Starts the server again whenever it is down, and leads the simulation from phase to phase.

use std::sync::Arc;

use log::LogError;

use crate::process::{Life, Process, start};
use crate::world::{Phase, World};

/// How long a start may take, and how long clients have to come to an end after the last fault: virtual milliseconds.
const PROGRESS_MS: u64 = 120_000;

/// Keeps a process running until the end.
pub(crate) async fn keep(world: Arc<World>) {
    let mut number = 0;
    while world.phase() < Phase::Over {
        number += 1;
        let life = Life::new(number);
        *world.life.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = life.clone();
        let mut dead = life.dead.subscribe();
        match begin(&world, &life).await {
            Some(process) => {
                world.note(format_args!("process {number} serves"));
                world.process.send_replace(Some(Arc::new(process)));
                let mut phase = world.phase.subscribe();
                tokio::select! {
                    biased;
                    _ = dead.wait_for(|dead| *dead) => {}
                    _ = phase.wait_for(|phase| *phase == Phase::Over) => {}
                }
            }
            None => world.die(&life, None),
        }
        let pause = world.dice().between(1, 300);
        world.clock.sleep_ms(pause).await;
    }
}

/// One start, unless it fails for a reason that a later one may not meet.
async fn begin(world: &Arc<World>, life: &Life) -> Option<Process> {
    let mut dead = life.dead.subscribe();
    let started = tokio::select! {
        biased;
        _ = dead.wait_for(|dead| *dead) => return None,
        started = start(world, life) => started,
        () = world.clock.sleep_ms(PROGRESS_MS) => {
            if world.phase() > Phase::Faults {
                world.violation(format!("process {} does not come to serve", life.number));
            }
            return None;
        }
    };
    match started {
        Ok(process) => return Some(process),
        Err(error @ (LogError::Corrupt { .. } | LogError::Diverged { .. })) => {
            world.violation(format!("process {} does not start: {error}", life.number));
            world.phase.send_replace(Phase::Over);
        }
        Err(error) => {
            world.note(format_args!("process {} does not start: {error}", life.number));
            world.count("failed starts", 1);
        }
    }
    None
}

/// Leads through the phases and sees to it that each ends in time.
pub(crate) async fn lead(world: Arc<World>) {
    world.clock.sleep_ms(world.plan.span_ms).await;
    world.disk().heal();
    world.set_slow(false);
    world.cut_in_step(0);
    world.note(format_args!("no more faults"));
    set(&world, Phase::Healed);
    world.clock.sleep_ms(2_000).await;
    set(&world, Phase::Drain);
    let mut phase = world.phase.subscribe();
    tokio::select! {
        biased;
        _ = phase.wait_for(|phase| *phase == Phase::Over) => {}
        () = world.clock.sleep_ms(PROGRESS_MS) => {
            world.violation("the clients did not come to an end in time after the last fault".into());
            set(&world, Phase::Over);
        }
    }
}

fn set(world: &World, phase: Phase) {
    world.phase.send_if_modified(|now| {
        let later = phase > *now;
        *now = phase.max(*now);
        later
    });
}
