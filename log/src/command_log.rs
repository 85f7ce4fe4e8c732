//! The command log: partition 0, applied in order to the state machines of the domains.
//!
//! One task owns the order: it appends a command, waits until it is durable, applies it, and answers. A command is
//! stored as `{"domain":…,"body":…}` so that `strings` is a debugger; the offset and time are the log's own.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use types::{Applier, Clock, Command, CommandMeta, Commands, Domain, Rejected, SubmitError};

use crate::{COMMAND_PARTITION, Log, LogError, NewRecord, PartitionAppend};

/// Commands that may wait at once; control operations are rare.
const QUEUE_MAX: usize = 256;
/// Bytes read at a time on replay.
const REPLAY_PAGE_BYTES: usize = 1 << 20;

/// The persisted form of a command (version 1).
#[derive(Serialize, Deserialize)]
struct Persisted<'a> {
    domain: Domain,
    #[serde(borrow)]
    body: &'a RawValue,
}

type Answer = oneshot::Sender<Result<CommandMeta, SubmitError>>;
type Appliers = HashMap<Domain, Arc<dyn Applier>>;

/// The handle that domains submit to; see the module text.
#[derive(Debug, Clone)]
pub struct CommandLog {
    queue: mpsc::Sender<(Command, Answer)>,
}

impl CommandLog {
    /// Replays every durable command to `appliers`, then accepts new ones.
    ///
    /// # Errors
    /// When the log cannot be read or holds a command that this version does not know.
    pub async fn open(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        appliers: HashMap<Domain, Arc<dyn Applier>>,
    ) -> Result<Self, LogError> {
        replay(&*log, &appliers).await?;
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(run(log, clock, appliers, requests));
        Ok(Self { queue })
    }
}

async fn replay(log: &dyn Log, appliers: &Appliers) -> Result<(), LogError> {
    let Some(bounds) = log.bounds(COMMAND_PARTITION) else { return Ok(()) };
    let mut next = bounds.start;
    while next < bounds.end {
        let page = log.read(COMMAND_PARTITION, next, usize::MAX, REPLAY_PAGE_BYTES).await?;
        if page.records.is_empty() {
            return Err(LogError::Corrupt {
                path: "command log".into(),
                position: next.0,
                what: "a command inside the bounds is missing".into(),
            });
        }
        for record in page.records {
            let meta = CommandMeta { offset: record.offset, time: record.time };
            let command: Persisted<'_> = serde_json::from_slice(&record.value).map_err(|error| LogError::Corrupt {
                path: "command log".into(),
                position: record.offset.0,
                what: format!("a command that this version cannot read: {error}"),
            })?;
            if let Err(rejected) = apply(appliers, command.domain, meta, command.body.get().as_bytes()) {
                tracing::debug!(offset = record.offset.0, %rejected, "command refused again on replay");
            }
            next = record.offset.next();
        }
    }
    Ok(())
}

fn apply(appliers: &Appliers, domain: Domain, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
    let applier = appliers.get(&domain).ok_or_else(|| Rejected {
        kind: types::Kind::Internal,
        message: format!("no part of this server applies commands of {domain:?}"),
    })?;
    applier.apply(meta, body)
}

async fn run(
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    appliers: Appliers,
    mut requests: mpsc::Receiver<(Command, Answer)>,
) {
    while let Some((command, answer)) = requests.recv().await {
        let outcome = persist(&*log, &*clock, &command).await.and_then(|(meta, body)| {
            apply(&appliers, command.domain, meta, body.as_bytes()).map(|()| meta).map_err(SubmitError::from)
        });
        // A caller that went away does not undo its command.
        let _gone = answer.send(outcome);
    }
}

/// Makes the command durable; answers its place and its body as every replay will see it.
async fn persist<'c>(
    log: &dyn Log,
    clock: &dyn Clock,
    command: &'c Command,
) -> Result<(CommandMeta, &'c str), SubmitError> {
    let failed = |error: &dyn std::fmt::Display| SubmitError::Log(error.to_string());
    let body: &RawValue = serde_json::from_slice(&command.body).map_err(|error| failed(&error))?;
    let persisted = Persisted { domain: command.domain, body };
    let value = Bytes::from(serde_json::to_vec(&persisted).map_err(|error| failed(&error))?);
    let records = vec![NewRecord { key: Bytes::new(), value }];
    let append = vec![PartitionAppend { partition: COMMAND_PARTITION, records }];
    let appended = log.append(append, clock.now()).await.map_err(|error| failed(&error))?;
    let first = appended.first().copied().ok_or_else(|| failed(&"the log answered nothing"))?;
    Ok((CommandMeta { offset: first.first, time: first.time }, body.get()))
}

impl Commands for CommandLog {
    fn submit(&self, command: Command) -> Pin<Box<dyn Future<Output = Result<CommandMeta, SubmitError>> + Send + '_>> {
        Box::pin(async move {
            let (answer, outcome) = oneshot::channel();
            let stopped = || SubmitError::Log("the command log is stopped".into());
            self.queue.send((command, answer)).await.map_err(|_| stopped())?;
            outcome.await.map_err(|_| stopped())?
        })
    }
}
