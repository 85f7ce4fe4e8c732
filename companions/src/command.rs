//! The persisted commands of the companions (version 1), as JSON in the command log.

use serde::{Deserialize, Serialize};

use crate::dynamodb::TableCommand;

/// A change. A variant is never renamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CompanionsCommand {
    /// Tables and their items.
    Table(TableCommand),
}
