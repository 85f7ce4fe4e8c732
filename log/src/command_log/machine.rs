//! Everything that commands change: the state of each domain, the window of recent ids, and the count of commands.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Write};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use types::{Applied, Applier, CommandId, CommandMeta, Domain, Kind, Rejected};

use super::entry::PartEnd;
use super::recent::Recent;
use crate::LogError;

/// The part of a snapshot that is not a domain's.
const RECENT: &str = "recent";

/// See the module text.
pub(super) struct Machine {
    /// By domain, in the order of the parts of a snapshot.
    appliers: Arc<BTreeMap<Domain, Arc<dyn Applier>>>,
    recent: Recent,
    commands: u64,
    /// Whether the state is written down without a thread.
    is_inline: bool,
}

/// A machine written down.
#[derive(Debug)]
pub(super) struct Image {
    pub(super) commands: u64,
    pub(super) parts: Vec<Part>,
}

/// A part of the state, in bytes.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) bytes: Bytes,
}

/// What a state is known by. `sha256` is over lines of text, each with a newline at its end: `commands N`, then
/// `NAME LENGTH SHA-256` for each part of the state, the domains in the order of [`Domain`] and `recent` last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateHash {
    /// Commands that led to the state.
    pub commands: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

impl fmt::Display for StateHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} commands", self.sha256, self.commands)
    }
}

impl Machine {
    pub(super) fn new(appliers: HashMap<Domain, Arc<dyn Applier>>, is_inline: bool) -> Self {
        Self { appliers: Arc::new(appliers.into_iter().collect()), recent: Recent::default(), commands: 0, is_inline }
    }

    /// Applies a durable command, or answers what it answered before.
    pub(super) fn apply(&mut self, meta: CommandMeta, id: Option<CommandId>, domain: Domain, body: &[u8]) -> Applied {
        self.commands += 1;
        if let Some(first) = id.and_then(|id| self.recent.get(id)) {
            return first.clone();
        }
        let applied = match self.appliers.get(&domain) {
            Some(applier) => applier.apply(meta, body).map(|()| meta),
            None => Err(Rejected {
                kind: Kind::Internal,
                message: format!("no part of this server applies commands of {domain:?}"),
            }),
        };
        if let Some(id) = id {
            self.recent.insert(id, applied.clone());
        }
        applied
    }

    /// Writes the state down, away from the threads that serve: a large one takes its time.
    pub(super) async fn image(&self) -> Result<Image, LogError> {
        let appliers = Arc::clone(&self.appliers);
        let write = move || {
            let part = |(domain, applier): (&Domain, &Arc<dyn Applier>)| Part::new(domain.as_str(), applier.snapshot());
            appliers.iter().map(part).collect::<Vec<_>>()
        };
        let mut parts = if self.is_inline {
            write()
        } else {
            let written = tokio::task::spawn_blocking(write).await;
            written.map_err(|error| LogError::Stopped(format!("a snapshot did not end: {error}")))?
        };
        parts.push(Part::new(RECENT, self.recent.write()));
        Ok(Image { commands: self.commands, parts })
    }

    /// Becomes what `image` says. A domain that it does not know, because a later version has it first, stays as it
    /// is; the error says what this version cannot read.
    pub(super) fn restore(&mut self, image: &Image) -> Result<(), String> {
        for Part { name, bytes } in &image.parts {
            let restored = if name == RECENT {
                Recent::read(bytes).map(|recent| self.recent = recent)
            } else {
                let applier = self.appliers.iter().find(|(domain, _)| domain.as_str() == name);
                let (_, applier) =
                    applier.ok_or_else(|| format!("no part of this server holds the state of {name:?}"))?;
                applier.restore(bytes)
            };
            restored.map_err(|error| format!("the state of {name:?} in a snapshot cannot be read: {error}"))?;
        }
        self.commands = image.commands;
        Ok(())
    }
}

impl Image {
    /// See [`StateHash`].
    pub(super) fn hash(&self) -> StateHash {
        let mut text = format!("commands {}\n", self.commands);
        for PartEnd { name, bytes, sha256 } in self.parts.iter().map(Part::end) {
            text.push_str(&format!("{name} {bytes} {sha256}\n"));
        }
        StateHash { commands: self.commands, sha256: sha256(text.as_bytes()) }
    }

    /// The names of what is in both and not the same.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let mut names = Vec::new();
        if self.commands != other.commands {
            names.push("the number of commands".to_owned());
        }
        for part in &self.parts {
            if other.parts.iter().any(|theirs| theirs.name == part.name && theirs.bytes != part.bytes) {
                names.push(part.name.clone());
            }
        }
        names
    }
}

impl Part {
    fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), bytes: Bytes::from(bytes) }
    }

    /// How the end of a snapshot names it.
    pub(super) fn end(&self) -> PartEnd {
        PartEnd { name: self.name.clone(), bytes: self.bytes.len() as u64, sha256: sha256(&self.bytes) }
    }
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in digest(&SHA256, bytes).as_ref() {
        write!(text, "{byte:02x}").expect("a string takes what is written to it");
    }
    text
}
