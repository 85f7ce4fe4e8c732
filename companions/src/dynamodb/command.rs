//! The persisted commands of the tables (version 1), as JSON in the command log.

use serde::{Deserialize, Serialize};
use types::Scope;

use super::condition::Condition;
use super::schema::{TableChange, TableName, TableSpec};
use super::update::Update;
use super::value::Item;

/// A change of the tables. A variant or field is never renamed; new fields have a default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableCommand {
    /// Makes a table.
    Create {
        /// Whose it is.
        scope: Scope,
        /// Its name, free in the scope.
        name: TableName,
        /// What it is.
        spec: Box<TableSpec>,
    },
    /// Changes a table, not its items.
    Change {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: TableName,
        /// What changes.
        change: Box<TableChange>,
    },
    /// Forgets a table and its items.
    Delete {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: TableName,
    },
    /// Turns point-in-time recovery on, for some days, or off.
    Recovery {
        /// Whose it is.
        scope: Scope,
        /// Its name.
        name: TableName,
        /// How far back; `None` is off.
        days: Option<i32>,
    },
    /// Changes items: all of them or, when one condition fails, none.
    Write {
        /// Who waits for the outcome, see `waiting.rs`; means nothing on replay.
        request: u64,
        /// Whose tables they are in.
        scope: Scope,
        /// Present for a transaction.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transaction: Option<Transaction>,
        /// The changes, each of another item.
        writes: Vec<Write>,
    },
}

/// What makes several writes a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Makes a repetition do nothing.
    pub token: Option<String>,
    /// What a repetition must have in common: MD5 of the writes.
    pub fingerprint: String,
}

/// A change of one item under a condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Write {
    /// Where the item is.
    pub table: TableName,
    /// What is done.
    pub action: Action,
    /// What must hold of the item before.
    pub condition: Condition,
}

/// What is done to an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It becomes this, whatever it was.
    Put(Item),
    /// The item of that key changes, or begins to be.
    Update(Item, Update),
    /// The item of that key goes.
    Delete(Item),
    /// Nothing; only the condition counts.
    Check(Item),
}
