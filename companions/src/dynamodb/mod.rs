//! Tables with conditional writes: what KCL keeps its leases in.

mod condition;
mod expression;
mod number;
mod path;
mod update;
mod value;

pub use condition::{Comparator, Condition, Operand};
pub use expression::{Expressions, Role};
pub use number::{Number, NumberError};
pub use path::{Path, Step, project};
pub use update::{Term, Update};
pub use value::{Binary, Item, Value, item_size};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{CommandMeta, Rejected};

/// A change of the tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum TableCommand {}

/// All tables.
#[derive(Debug, Default)]
pub struct Tables {}

/// What a snapshot holds of the tables.
pub(crate) struct State {}

impl Tables {
    /// Changes the state, or refuses; deterministic.
    pub(crate) fn apply(&self, _: CommandMeta, command: TableCommand) -> Result<(), Rejected> {
        match command {}
    }

    /// The state as JSON: equal states give equal bytes.
    pub(crate) fn write(&self) -> Box<RawValue> {
        RawValue::NULL.to_owned()
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(_: &RawValue) -> Result<State, String> {
        Ok(State {})
    }

    /// Puts a read state in the place of this one.
    pub(crate) fn replace(&self, _: State) {}
}
