//! The command log: partition 0, applied in order to the state machines of the domains.
//!
//! Owns: what stands in partition 0 (`entry.rs`), the order of commands, the snapshots that replace old commands.
//! Refuses: what a command means.
//!
//! One task owns the order (`task.rs`): it appends what waits, applies it in the order of the log as it becomes
//! durable, and answers. All that commands change is a [`Machine`] (`machine.rs`). Every so often the machine is written
//! into the log as a snapshot (`snapshot.rs`) and what is before it is trimmed, so that the log and the time of a start
//! depend on the size of the state and not on its age. A start (`replay.rs`) restores the first snapshot and applies the
//! commands behind it; at every later snapshot the hash of the replayed state must be the stored one.

mod config;
mod entry;
mod machine;
mod recent;
mod replay;
mod snapshot;
mod task;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use types::{Applier, Clock, Command, CommandId, Commands, Domain, Kind, Random, SubmitError, Submitted};

pub use config::CommandLogConfig;
pub use machine::StateHash;

use crate::{Log, LogError};
use machine::Machine;
use task::{QUEUE_MAX, Request, Task};

/// The handle that domains submit to; see the module text.
#[derive(Clone)]
pub struct CommandLog {
    queue: mpsc::Sender<Request>,
    random: Arc<dyn Random>,
}

impl fmt::Debug for CommandLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandLog").finish_non_exhaustive()
    }
}

impl CommandLog {
    /// Brings `appliers`, which must be as new, to the state of the log, then accepts commands.
    ///
    /// # Errors
    /// When the log cannot be read, holds a command or snapshot that this version does not know
    /// ([`LogError::Corrupt`]), or a snapshot that differs from what its commands lead to ([`LogError::Diverged`]).
    pub async fn open(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        appliers: HashMap<Domain, Arc<dyn Applier>>,
    ) -> Result<Self, LogError> {
        Self::open_with(log, clock, appliers, CommandLogConfig::default()).await
    }

    /// The same with other than the default numbers.
    ///
    /// # Errors
    /// See [`Self::open`].
    pub async fn open_with(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        appliers: HashMap<Domain, Arc<dyn Applier>>,
        config: CommandLogConfig,
    ) -> Result<Self, LogError> {
        let mut machine = Machine::new(appliers, config.inline);
        let growth = replay::replay(&*log, &mut machine).await?;
        if tracing::enabled!(tracing::Level::DEBUG) {
            let hash = machine.image().await?.hash();
            tracing::debug!(commands = hash.commands, hash = %hash.sha256, "the state of the command log");
        }
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        let random = Arc::clone(&config.random);
        tokio::spawn(Task::new(log, clock, machine, config.bounded(), growth).run(requests));
        Ok(Self { queue, random })
    }

    /// The hash of the state as it is between two commands. Two servers, or a server and its restart, that applied the
    /// same commands have the same.
    ///
    /// # Errors
    /// [`LogError::Stopped`] when the command log runs no more.
    pub async fn state_hash(&self) -> Result<StateHash, LogError> {
        let (answer, hash) = oneshot::channel();
        let stopped = || LogError::Stopped(STOPPED.into());
        self.queue.send(Request::Hash(answer)).await.map_err(|_| stopped())?;
        hash.await.map_err(|_| stopped())
    }
}

/// What callers read once the task has ended.
const STOPPED: &str = "the command log is stopped";

impl Commands for CommandLog {
    fn submit(&self, command: Command) -> Submitted<'_> {
        self.submit_as(CommandId::new(&*self.random), command)
    }

    fn submit_as(&self, id: CommandId, command: Command) -> Submitted<'_> {
        Box::pin(async move {
            let (answer, outcome) = oneshot::channel();
            let stopped = || SubmitError::Log { kind: Kind::Unavailable, message: STOPPED.into() };
            self.queue.send(Request::Submit { id, command, answer }).await.map_err(|_| stopped())?;
            outcome.await.map_err(|_| stopped())?
        })
    }
}
