//! An application and its configuration, as the catalog holds them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{ApplicationName, Arn, Epoch, Offset, PartitionId, ResourceType, Scope, Timestamp};

/// Whether an application runs (the two lasting values of the model's `ApplicationStatus`: starting and stopping are
/// over when their calls return).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does not run.
    Ready,
    /// It runs, now and after a restart of the server.
    Running,
}

/// What CreateApplication asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateApplication {
    /// The name, free in the scope.
    pub name: ApplicationName,
    /// How it is configured.
    pub configuration: Configuration,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

/// Everything that a description gives back. Stored as JSON; fields may be added with defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// `RuntimeEnvironment`: `FLINK-…` or `SQL-1_0`; the same engine serves all.
    pub runtime_environment: String,
    /// `ServiceExecutionRole`; kept, not used: an application reads and writes what its own account owns.
    pub service_execution_role: String,
    /// `ApplicationDescription`.
    pub description: Option<String>,
    /// `ApplicationMode`.
    pub mode: Option<String>,
    /// The SQL text; an application without one cannot be started.
    pub sql: Option<String>,
    /// Whether a stop keeps the state for the next start.
    pub snapshots_enabled: bool,
    /// How often state is saved when no row makes it be saved.
    pub checkpointing: Option<Checkpointing>,
    /// Kept, not used: an application is one task.
    pub parallelism: Option<Parallelism>,
    /// Kept, not used.
    pub monitoring: Option<Monitoring>,
    /// `EnvironmentProperties`, by group; kept, not used by SQL.
    pub properties: BTreeMap<String, BTreeMap<String, String>>,
    /// `CloudWatchLoggingOptions`; kept, not used.
    pub log_streams: Vec<String>,
}

/// `CheckpointConfiguration` of type CUSTOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpointing {
    /// `CheckpointInterval`, at least 1 ms.
    pub interval_ms: u64,
    /// `MinPauseBetweenCheckpoints`.
    pub min_pause_ms: u64,
}

/// `ParallelismConfiguration` of type CUSTOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parallelism {
    /// `Parallelism`.
    pub parallelism: u32,
    /// `ParallelismPerKPU`.
    pub per_kpu: u32,
    /// `AutoScalingEnabled`.
    pub auto_scaling: bool,
}

/// `MonitoringConfiguration` of type CUSTOM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitoring {
    /// `MetricsLevel`.
    pub metrics_level: Option<String>,
    /// `LogLevel`.
    pub log_level: Option<String>,
}

/// One incarnation of an application. Stored in snapshots as JSON: no field is renamed, and new ones have a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: ApplicationName,
    /// The command that created it.
    pub epoch: Epoch,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last created, started or stopped.
    pub updated: Timestamp,
    /// Whether it runs.
    pub status: Status,
    /// How it is configured.
    pub configuration: Configuration,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// The command from which its state descends; a checkpoint of another descent is not taken up.
    pub(crate) lineage: Offset,
    /// Where its checkpoints are.
    pub(crate) checkpoints: PartitionId,
}

impl Application {
    /// The version of the configuration; it grows with UpdateApplication, which is not built.
    pub const VERSION: i64 = 1;

    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new(&self.scope, ResourceType::Application, self.name.as_str())
    }
}
