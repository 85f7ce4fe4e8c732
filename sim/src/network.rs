//! Calls of clients: a request takes its time or is lost, the process may die under it, and so may the answer.

use std::sync::Arc;

use crate::dice::Dice;
use crate::process::Process;
use crate::world::World;

/// How long a client waits, in milliseconds.
const PATIENCE_MS: u64 = 30_000;

/// What a client knows after a call.
#[derive(Debug)]
pub(crate) enum Reply<T> {
    Answered(T),
    /// Whatever was asked for may have happened or not, or happen yet.
    Lost,
    /// There was no process to ask.
    Down,
}

/// Calls the process that runs when the request arrives.
pub(crate) async fn call<T>(
    world: &Arc<World>,
    dice: &mut Dice,
    operation: impl AsyncFnOnce(Arc<Process>) -> T,
) -> Reply<T> {
    let losses = (dice.chance(world.plan.loss), dice.chance(world.plan.loss));
    let latency = world.plan.latency_ms * 1000;
    let (there, back) = (50 + dice.below(latency), 50 + dice.below(latency));
    world.count("calls", 1);
    world.clock.sleep_us(there).await;
    if losses.0 {
        world.count("requests lost", 1);
        return Reply::Lost;
    }
    let Some(process) = world.process.borrow().clone() else { return Reply::Down };
    let life = world.current_life();
    let mut dead = life.dead.subscribe();
    let answer = tokio::select! {
        biased;
        // The answer of a dead process was not sent, even if it had come to it.
        _ = dead.wait_for(|dead| *dead) => return Reply::Lost,
        answer = operation(process) => answer,
        () = world.clock.sleep_ms(PATIENCE_MS) => {
            world.count("calls given up", 1);
            return Reply::Lost;
        }
    };
    if losses.1 {
        world.count("answers lost", 1);
        return Reply::Lost;
    }
    world.clock.sleep_us(back).await;
    Reply::Answered(answer)
}
