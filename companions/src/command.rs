//! The persisted commands of the companions (version 1), as JSON in the command log.

use serde::{Deserialize, Serialize};

use crate::cloudwatch::MetricsCommand;
use crate::dynamodb::TableCommand;

/// A change of one of the two halves. A variant is never renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanionsCommand {
    /// Tables and their items.
    Table(TableCommand),
    /// Metrics that clients put.
    Metrics(MetricsCommand),
}
