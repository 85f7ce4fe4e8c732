//! The task that owns the order of commands.
//!
//! Whatever waits is appended at once as one batch, without waiting for the batches before it: the log keeps the order
//! of calls, and its commit thread makes one frame of what comes while it flushes. Batches become durable in order, and
//! so they are applied in order. A batch that the log refuses was never in the log, so the order of the rest stands.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use types::{Clock, Command, CommandId, CommandMeta, Domain, Kind, Offset, SubmitError};

use super::config::{CommandLogConfig, Growth};
use super::entry::CommandEntry;
use super::machine::{Machine, StateHash};
use super::snapshot;
use crate::{Appended, COMMAND_PARTITION, Log, LogError, NewRecord, PartitionAppend};

/// Requests that may wait for the task; more wait in their callers.
pub(super) const QUEUE_MAX: usize = 256;
/// Commands of one append.
const BATCH_COMMANDS_MAX: usize = QUEUE_MAX;
/// Bytes of one append, if it has more than one command.
const BATCH_BYTES_MAX: usize = 1 << 20;
/// Appends that may be on their way at once: one that the disk writes, one that it takes next, and some for commands
/// that come one by one meanwhile.
const IN_FLIGHT_MAX: usize = 16;

type Answer = oneshot::Sender<Result<CommandMeta, SubmitError>>;

/// What the handle asks for.
pub(super) enum Request {
    Submit { id: CommandId, command: Command, answer: Answer },
    Hash(oneshot::Sender<StateHash>),
}

/// A command on its way to the disk.
struct Waiting {
    id: CommandId,
    domain: Domain,
    /// As every replay will see it.
    body: Bytes,
    answer: Answer,
}

/// Commands that are appended together.
#[derive(Default)]
struct Batch {
    waiting: Vec<Waiting>,
    records: Vec<NewRecord>,
    bytes: usize,
}

/// The commands of an append and what the log said.
type Outcome = (Vec<Waiting>, Result<Vec<Appended>, LogError>);

/// See the module text.
pub(super) struct Task {
    log: Arc<dyn Log>,
    clock: Arc<dyn Clock>,
    machine: Machine,
    config: CommandLogConfig,
    growth: Growth,
    in_flight: FuturesOrdered<BoxFuture<'static, Outcome>>,
}

impl Task {
    pub(super) fn new(
        log: Arc<dyn Log>,
        clock: Arc<dyn Clock>,
        machine: Machine,
        config: CommandLogConfig,
        growth: Growth,
    ) -> Self {
        Self { log, clock, machine, config, growth, in_flight: FuturesOrdered::new() }
    }

    /// Serves until every handle is gone.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut arrived = Vec::with_capacity(QUEUE_MAX);
        loop {
            let due = self.growth.is_due(&self.config, self.log.bytes_appended());
            if due && self.in_flight.is_empty() {
                self.write_snapshot().await;
                continue;
            }
            // When a snapshot is due, nothing new is appended until all that is on its way was applied.
            let takes = !due && self.in_flight.len() < IN_FLIGHT_MAX;
            tokio::select! {
                biased;
                Some(outcome) = self.in_flight.next(), if !self.in_flight.is_empty() => self.settle(outcome),
                count = requests.recv_many(&mut arrived, BATCH_COMMANDS_MAX), if takes => {
                    if count == 0 {
                        break;
                    }
                    self.begin(arrived.drain(..)).await;
                }
            }
        }
        while let Some(outcome) = self.in_flight.next().await {
            self.settle(outcome);
        }
    }

    async fn begin(&mut self, arrived: impl Iterator<Item = Request>) {
        let mut batch = Batch::default();
        for request in arrived {
            match request {
                Request::Submit { id, command, answer } => batch.add(id, command, answer),
                Request::Hash(answer) => {
                    if let Ok(image) = self.machine.image().await {
                        // A caller that went away needs no answer.
                        let _gone = answer.send(image.hash());
                    }
                }
            }
            if batch.bytes >= BATCH_BYTES_MAX {
                self.append(std::mem::take(&mut batch));
            }
        }
        self.append(batch);
    }

    /// Hands the batch to the log. The call itself fixes the order; its end is waited for in [`Self::run`].
    fn append(&mut self, batch: Batch) {
        let Batch { waiting, records, .. } = batch;
        if records.is_empty() {
            return;
        }
        let append = vec![PartitionAppend { partition: COMMAND_PARTITION, records }];
        let appended = self.log.append_vital(append, self.clock.now());
        self.in_flight.push_back(Box::pin(async move { (waiting, appended.await) }));
    }

    /// Applies durable commands and answers, or says why they are not durable.
    fn settle(&mut self, (waiting, appended): Outcome) {
        let nothing = || LogError::Stopped("the log answered nothing".into());
        match appended.and_then(|appended| appended.first().copied().ok_or_else(nothing)) {
            Ok(Appended { first, time }) => {
                for (place, Waiting { id, domain, body, answer }) in (first.0..).zip(waiting) {
                    let meta = CommandMeta { offset: Offset(place), time };
                    let applied = self.machine.apply(meta, Some(id), domain, &body);
                    self.growth.add(body.len());
                    // A caller that went away does not undo its command.
                    let _gone = answer.send(applied.map_err(SubmitError::from));
                }
            }
            Err(error) => {
                for Waiting { answer, .. } in waiting {
                    let _gone = answer.send(Err(SubmitError::Log { kind: error.kind(), message: error.to_string() }));
                }
            }
        }
    }

    /// Writes the state into the log and trims what led to it. A failure leaves the log longer and nothing else.
    async fn write_snapshot(&mut self) {
        let written = self.image_in_log().await;
        let log_bytes_then = self.log.bytes_appended();
        match written {
            Ok((first, snapshot_bytes, hash)) => {
                tracing::debug!(first = first.0, snapshot_bytes, commands = hash.commands, hash = %hash.sha256, "snapshot");
                self.growth = Growth { log_bytes_then, snapshot_bytes, ..Growth::default() };
                self.trim(first);
            }
            Err(error) => {
                tracing::warn!(%error, "no snapshot of the command log could be written");
                self.growth.postpone(&self.config, log_bytes_then);
            }
        }
    }

    /// Appends the image of the machine; answers where it begins, its length and its hash.
    async fn image_in_log(&mut self) -> Result<(Offset, u64, StateHash), LogError> {
        let image = self.machine.image().await?;
        let (first, bytes) = snapshot::write(&*self.log, &*self.clock, &image, self.config.piece_bytes).await?;
        Ok((first, bytes, image.hash()))
    }

    /// Forgets what is before `first`. Commands need not wait for it: what a crash leaves is replayed and compared.
    fn trim(&self, first: Offset) {
        if self.config.keep_all {
            return;
        }
        let trimmed = self.log.trim(COMMAND_PARTITION, first);
        tokio::spawn(async move {
            if let Err(error) = trimmed.await {
                tracing::warn!(%error, "the command log could not be trimmed; the next snapshot tries again");
            }
        });
    }
}

impl Batch {
    /// Takes a command in, or refuses one that is no JSON.
    fn add(&mut self, id: CommandId, command: Command, answer: Answer) {
        let Command { domain, body } = command;
        let raw: &RawValue = match serde_json::from_slice(&body) {
            Ok(raw) => raw,
            Err(error) => {
                let message = format!("a command that is not JSON: {error}");
                let _gone = answer.send(Err(SubmitError::Log { kind: Kind::Internal, message }));
                return;
            }
        };
        let record = CommandEntry { domain, id: Some(id), body: raw }.to_record();
        let body = body.slice_ref(raw.get().as_bytes());
        self.bytes += record.value.len();
        self.records.push(record);
        self.waiting.push(Waiting { id, domain, body, answer });
    }
}
