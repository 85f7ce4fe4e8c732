//! Tables with conditional writes: what KCL keeps its leases in.
//!
//! Owns: items, conditions, updates, queries and scans; every change is a command, and its condition is looked at when
//! the command is applied, so that conditional writes are in one order and outlive a crash. Refuses: streams of changes,
//! local indexes, PartiQL, expiry, capacity (declared, shown and never enforced).
//!
//! Read [`DynamoDb`] for the operations and [`Tables`] for the state; then `write.rs`, and `expression/mod.rs` for the
//! language.

mod command;
mod condition;
mod expression;
mod key;
mod key_condition;
mod legacy;
mod number;
mod path;
mod read;
mod schema;
mod service;
mod table;
mod tables;
mod update;
mod value;
mod waiting;
mod write;

#[cfg(test)]
mod tests;

pub use command::{Action, TableCommand, Transaction, Write};
pub use condition::{Comparator, Condition, Operand};
pub use expression::{Expressions, Role};
pub use legacy::{AttributeUpdate, ConditionalOperator, Expected, conditions, updates};
pub use number::{Number, NumberError};
pub use path::{Path, Step, project};
pub use read::{Page, PageRequest, TableInfo, What};
pub use schema::{
    Definitions, IndexAbout, IndexSpec, KeyAttribute, KeySchema, KeyType, Projected, TableAbout, TableChange,
    TableName, TableSpec, Throughput,
};
pub use service::{DynamoDb, Parts};
pub use tables::Tables;
pub use update::{Term, Update};
pub use value::{Binary, Item, Value, item_size};
pub use waiting::Written;
