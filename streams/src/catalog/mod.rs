//! The state machine of Data Streams: every stream, shard, consumer and queue, rebuilt from the command log on start.
//!
//! Owns: the state and how each command changes it. Refuses: time, randomness and configuration, which stand in the
//! commands, and the records, which are in the log. A file for each kind of change.

mod change;
mod consumers;
mod create;
mod queues;
mod reshard;
mod tags;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use types::{Applier, CommandMeta, Epoch, Kind, PartitionId, QueueName, Rejected, Scope, StreamName};

use crate::account::Commitment;
use crate::command::{StreamCommand, StreamRef};
use crate::queues::Queue;
use crate::{Stream, StreamStatus};

type ByName = BTreeMap<(Scope, StreamName), Arc<Stream>>;

/// All streams. Reads are lock-free snapshots; [`Applier::apply`] is the only writer, one command at a time.
#[derive(Debug)]
pub struct Catalog {
    state: ArcSwap<State>,
    /// How many commands were applied; wakes those who wait for a change.
    changes: watch::Sender<u64>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self { state: ArcSwap::default(), changes: watch::Sender::new(0) }
    }
}

/// One snapshot.
#[derive(Debug, Default, Clone)]
pub(crate) struct State {
    by_name: ByName,
    by_epoch: HashMap<Epoch, (Scope, StreamName)>,
    commitments: BTreeMap<Scope, Commitment>,
    queues: BTreeMap<(Scope, QueueName), Arc<Queue>>,
    /// Partitions of deleted streams and queues and of expired shards; the log is told again on start, in case it was not before a
    /// crash.
    dropped: Vec<PartitionId>,
}

impl State {
    /// All streams, by scope and name.
    pub(crate) fn by_name(&self) -> &ByName {
        &self.by_name
    }

    /// All streams.
    pub(crate) fn streams(&self) -> impl Iterator<Item = &Arc<Stream>> {
        self.by_name.values()
    }

    /// The stream of that name.
    pub(crate) fn stream(&self, scope: &Scope, name: &StreamName) -> Option<&Arc<Stream>> {
        self.by_name.get(&(scope.clone(), name.clone()))
    }

    /// The stream of that incarnation.
    pub(crate) fn by_epoch(&self, epoch: Epoch) -> Option<&Arc<Stream>> {
        self.by_epoch.get(&epoch).and_then(|key| self.by_name.get(key))
    }

    /// The commitment of an account in a region.
    pub(crate) fn commitment(&self, scope: &Scope) -> Commitment {
        self.commitments.get(scope).copied().unwrap_or_default()
    }

    pub(crate) fn dropped(&self) -> &[PartitionId] {
        &self.dropped
    }

    /// Streams of an account in a region.
    pub(crate) fn of_scope<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Arc<Stream>> {
        self.by_name.values().filter(move |stream| stream.scope == *scope)
    }

    /// The incarnation that a command is for, to be changed.
    fn change(&mut self, of: &StreamRef) -> Result<&mut Stream, Rejected> {
        let found = self.by_name.get_mut(&(of.scope.clone(), of.name.clone()));
        let found = found.filter(|stream| stream.epoch == of.epoch).ok_or_else(|| not_found(of))?;
        Ok(Arc::make_mut(found))
    }

    /// As [`Self::change`], for a change that an ACTIVE stream allows only.
    fn change_active(&mut self, of: &StreamRef) -> Result<&mut Stream, Rejected> {
        let stream = self.change(of)?;
        if stream.status == StreamStatus::Active { Ok(stream) } else { Err(not_active(stream)) }
    }

    fn apply(&mut self, meta: CommandMeta, command: StreamCommand) -> Result<(), Rejected> {
        match command {
            command @ StreamCommand::Create { .. } => self.create(meta, command),
            StreamCommand::Delete { of, with_consumers, quotas, settle } => {
                self.delete(&of, with_consumers, &quotas, settle)
            }
            StreamCommand::Settle { of } => self.settle(&of),
            StreamCommand::Change { of, change, settle } => self.change_setting(meta, &of, change, settle),
            StreamCommand::Reshard { of, request, by_service, quotas } => {
                self.plan_reshard(meta, &of, request, by_service, &quotas)
            }
            StreamCommand::Advance { of, closed } => self.advance(meta, &of, &closed),
            StreamCommand::Expire { of, shards } => self.expire(&of, &shards),
            StreamCommand::RegisterConsumer { of, name, tags, consumers_max, creating_max, settle } => {
                self.register(meta, &of, consumers::Registration { name, tags, consumers_max, creating_max, settle })
            }
            StreamCommand::DeregisterConsumer { of, name, created_seconds, settle } => {
                self.deregister(&of, &name, created_seconds, settle)
            }
            StreamCommand::SettleConsumer { of, name, created_seconds } => {
                self.settle_consumer(&of, &name, created_seconds)
            }
            StreamCommand::Tag { scope, resource, set, remove } => self.tag(&scope, &resource, set, &remove),
            StreamCommand::Policy { scope, resource, policy } => self.set_policy(&scope, &resource, policy),
            StreamCommand::Account { scope, committed } => {
                let commitment = self.commitments.entry(scope).or_default();
                *commitment = commitment.changed(committed, meta.time);
                Ok(())
            }
            StreamCommand::Queue(command) => self.apply_queue(meta, command),
        }
    }
}

fn not_found(of: &StreamRef) -> Rejected {
    let message = format!("Stream {} under account {} not found.", of.name, of.scope.account);
    Rejected { kind: Kind::NotFound, message }
}

fn not_active(stream: &Stream) -> Rejected {
    let (name, account, status) = (&stream.name, &stream.scope.account, stream.status.as_str());
    let message = format!("Stream {name} under account {account} not ACTIVE, instead in state {status}");
    Rejected { kind: Kind::InUse, message }
}

fn invalid(message: String) -> Rejected {
    Rejected { kind: Kind::Invalid, message }
}

fn limit_exceeded(message: String) -> Rejected {
    Rejected { kind: Kind::LimitExceeded, message }
}

impl Catalog {
    /// The state now; it does not change under the reader.
    pub(crate) fn current(&self) -> Arc<State> {
        self.state.load_full()
    }

    /// Every stream there is, in the order of their names.
    pub fn all(&self) -> Vec<Arc<Stream>> {
        self.state.load().streams().cloned().collect()
    }

    /// The stream of that name.
    pub(crate) fn stream(&self, scope: &Scope, name: &StreamName) -> Option<Arc<Stream>> {
        self.state.load().stream(scope, name).cloned()
    }

    /// Wakes with every command applied after this call.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// The persisted form of the state (version 1).
#[derive(Serialize, Deserialize)]
struct Written {
    streams: Vec<Stream>,
    commitments: Vec<(Scope, Commitment)>,
    #[serde(default)]
    queues: Vec<Queue>,
    dropped: Vec<PartitionId>,
}

impl Applier for Catalog {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let command = serde_json::from_slice(body)
            .map_err(|error| Rejected { kind: Kind::Internal, message: format!("unreadable command: {error}") })?;
        let mut next = State::clone(&self.state.load());
        next.apply(meta, command)?;
        self.state.store(Arc::new(next));
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }

    fn snapshot(&self) -> Vec<u8> {
        let state = self.state.load();
        let written = Written {
            streams: state.by_name.values().map(|stream| Stream::clone(stream)).collect(),
            commitments: state.commitments.iter().map(|(scope, commitment)| (scope.clone(), *commitment)).collect(),
            queues: state.queues.values().map(|queue| Queue::clone(queue)).collect(),
            dropped: state.dropped.clone(),
        };
        serde_json::to_vec(&written).expect("the state holds only strings, numbers and string-keyed maps")
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        let written: Written = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let mut state = State { dropped: written.dropped, ..State::default() };
        state.commitments = written.commitments.into_iter().collect();
        let queues = written.queues.into_iter();
        state.queues = queues.map(|queue| ((queue.scope.clone(), queue.name.clone()), Arc::new(queue))).collect();
        for mut stream in written.streams {
            stream.index_open_shards();
            state.insert(stream);
        }
        self.state.store(Arc::new(state));
        self.changes.send_modify(|count| *count += 1);
        Ok(())
    }
}
