//! The control plane's one door: every change of state is a command in the command log.
//!
//! A domain hands its command to [`Commands::submit`]; when the command is durable it is applied, in log order, by
//! the domain's [`Applier`], and only then does `submit` return what `apply` said. On start the same appliers see
//! the last snapshot of their state and the commands behind it. `apply` is deterministic: no clock, no randomness, no
//! map order; whatever it needs (time, ids) stands in the command.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{Kind, Offset, Random, Timestamp, new_uuid};

/// Whose state a command changes. New ones go to the end: the order is that of the parts of a state hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Domain {
    /// Streams and shards.
    Streams,
    /// Delivery streams.
    Delivery,
    /// Analytics applications.
    Analytics,
    /// Tables and metrics: what KCL keeps beside its streams.
    Companions,
}

impl Domain {
    /// Its name in the command log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Streams => "streams",
            Self::Delivery => "delivery",
            Self::Analytics => "analytics",
            Self::Companions => "companions",
        }
    }
}

/// What tells one command from every other. A command submitted again under its old id takes effect once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandId(uuid::Uuid);

impl CommandId {
    /// One that nothing else has.
    pub fn new(random: &dyn Random) -> Self {
        Self(new_uuid(random))
    }
}

impl From<CommandId> for String {
    fn from(id: CommandId) -> String {
        id.0.to_string()
    }
}

impl TryFrom<String> for CommandId {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, uuid::Error> {
        uuid::Uuid::try_parse(&text).map(Self)
    }
}

/// A change somebody asks for; `body` is the domain's own documented enum in JSON.
#[derive(Debug, Clone)]
pub struct Command {
    /// Whose state.
    pub domain: Domain,
    /// The change.
    pub body: Bytes,
}

/// What the log knows of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandMeta {
    /// Its place in the command log; the [`crate::Epoch`] of a shard it opens.
    pub offset: Offset,
    /// When it was submitted.
    pub time: Timestamp,
}

/// The state did not allow the command. It stays in the log and is refused again, the same way, on every replay.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
pub struct Rejected {
    /// What the caller may do about it.
    pub kind: Kind,
    /// Why, in a sentence for the caller.
    pub message: String,
}

/// What `apply` says: where the command stands, or why it was refused.
pub type Applied = Result<CommandMeta, Rejected>;

/// A command that did not take effect, or whose effect is unknown ([`SubmitError::Log`]): to know it, submit the
/// command again under the same id ([`Commands::submit_as`]).
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// The state machine refused it.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// It could not be made durable.
    #[error("the command log failed: {message}")]
    Log {
        /// What the caller may do about it: what the log's own failure says, so that a control operation answers as a
        /// put does.
        kind: Kind,
        /// Why.
        message: String,
    },
}

/// A deterministic state machine fed by the command log.
pub trait Applier: Send + Sync + 'static {
    /// Changes the state, or refuses. A body that cannot be read is a refused command, never a panic.
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected>;

    /// The whole state as bytes: equal states give equal bytes (no map order, no clock), because they are hashed to
    /// compare a replay with what was, and they stand in the log in place of the commands that led to the state.
    fn snapshot(&self) -> Vec<u8>;

    /// Replaces the state by the one that `bytes` hold. Bytes of every older version can be read, those of an unknown
    /// one are refused with a reason, and the state is then as before.
    ///
    /// # Errors
    /// Why the bytes cannot be read.
    fn restore(&self, bytes: &[u8]) -> Result<(), String>;
}

/// What comes of a submitted command.
pub type Submitted<'c> = Pin<Box<dyn Future<Output = Result<CommandMeta, SubmitError>> + Send + 'c>>;

/// Where commands are submitted; `log::CommandLog` is the implementation.
pub trait Commands: Send + Sync + 'static {
    /// Makes the command durable under a fresh id and applies it; see the module text.
    fn submit(&self, command: Command) -> Submitted<'_>;

    /// The same under an id of the caller's: if a recent command had it, this one changes nothing and answers what that
    /// one answered.
    fn submit_as(&self, id: CommandId, command: Command) -> Submitted<'_>;
}

impl<C: Commands> Commands for Arc<C> {
    fn submit(&self, command: Command) -> Submitted<'_> {
        (**self).submit(command)
    }

    fn submit_as(&self, id: CommandId, command: Command) -> Submitted<'_> {
        (**self).submit_as(id, command)
    }
}
