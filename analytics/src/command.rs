//! The persisted commands of Analytics (version 1): JSON in the command log. Variants and fields are only ever added.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{ApplicationName, Scope};

/// A change of the applications; its time and place in the log come with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub(crate) enum AnalyticsCommand {
    /// An application comes into being, not started. The command's offset is its epoch: checkpoints go to
    /// `PartitionId::opened_by(offset, 0)`.
    Create {
        /// Whose it is.
        scope: Scope,
        /// Its name, free in the scope.
        name: ApplicationName,
        /// What it is.
        definition: Definition,
    },
    /// It should run from now on, across restarts of the server.
    Start {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ApplicationName,
        /// Whether it forgets its checkpoint and begins where the tables say.
        fresh: bool,
    },
    /// It should not run any more.
    Stop {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ApplicationName,
    },
    /// It and its checkpoints are forgotten.
    Delete {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: ApplicationName,
    },
}

/// What the creator of an application said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The SQL text.
    pub sql: String,
    /// The model's word for the runtime, such as `FLINK-1_20`.
    pub runtime_environment: String,
    /// The role's ARN; kept and shown, nothing is done with it.
    pub service_execution_role: String,
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Tags by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What the API wants back in its descriptions; opaque here.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub api_details: String,
}
