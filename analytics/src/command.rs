//! The persisted commands of Analytics (version 1).

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use types::{ApplicationName, Domain, Epoch, Scope};

use crate::Configuration;

/// One change of the catalog, stored as JSON: `{"create":{…}}` and so on. Fields may be added with defaults; a variant
/// or field is never given another meaning. `epoch` names the incarnation: a command for an older one is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Adds an application that does not run. Its checkpoints go to the first partition that the command opens.
    Create {
        /// Whose it will be.
        scope: Scope,
        /// Its name; refused when taken.
        name: ApplicationName,
        /// How it is configured.
        configuration: Box<Configuration>,
        /// Tags by key.
        tags: BTreeMap<String, String>,
    },
    /// Makes it run; refused when it does.
    Start {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ApplicationName,
        /// The incarnation.
        epoch: Epoch,
        /// Begin without the state that it has.
        afresh: bool,
    },
    /// Makes it run no more; refused when it does not.
    Stop {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ApplicationName,
        /// The incarnation.
        epoch: Epoch,
    },
    /// Removes it.
    Delete {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ApplicationName,
        /// The incarnation.
        epoch: Epoch,
    },
}

impl Command {
    /// The form that the command log takes.
    pub(crate) fn into_command(self) -> types::Command {
        let body = serde_json::to_vec(&self).expect("a command holds only strings, numbers and string-keyed maps");
        types::Command { domain: Domain::Analytics, body: Bytes::from(body) }
    }
}
