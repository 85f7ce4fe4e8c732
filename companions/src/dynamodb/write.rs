//! Writes: first what all of them would do, then the doing.
//!
//! Owns: conditions under which nothing changes, and that a transaction changes all or nothing. [`plan`] only reads, so
//! the service asks it before a command is written (what would be refused now is refused without one), and `apply` asks
//! it again, which is what counts.

use std::collections::BTreeSet;
use std::sync::Arc;

use types::Scope;

use super::command::{Action, Write};
use super::key::ItemKey;
use super::schema::TableName;
use super::tables::State;
use super::value::{Item, item_size};
use super::waiting::Written;
use crate::error::{CancellationReason, CompanionsError};

/// Bytes of all items of all tables together. They are held in memory, and leases need a few megabytes.
const ALL_BYTES_MAX: usize = 1 << 30;

/// A write that may happen.
pub(crate) struct Planned {
    table: TableName,
    key: ItemKey,
    written: Written,
    is_check: bool,
}

/// What every write would do, or why nothing may happen.
pub(crate) fn plan(
    state: &State,
    scope: &Scope,
    writes: &[Write],
    is_transaction: bool,
) -> Result<Vec<Planned>, CompanionsError> {
    let mut keys = BTreeSet::new();
    for write in writes {
        let table = state.table(scope, &write.table)?;
        let key = match &write.action {
            Action::Put(item) => table.about.keys.of_item(item)?,
            Action::Update(key, _) | Action::Delete(key) | Action::Check(key) => table.about.keys.of_key(key)?,
        };
        if !keys.insert((&write.table, key)) {
            let message = "Transaction request cannot include multiple operations on one item";
            return Err(CompanionsError::Invalid(message.into()));
        }
    }
    let each = writes.iter().map(|write| plan_one(state, scope, write));
    let planned = if is_transaction { all_or_reasons(each.collect())? } else { each.collect::<Result<Vec<_>, _>>()? };
    let size = |item: &Option<Arc<Item>>| item.as_deref().map_or(0, item_size);
    let more: usize = planned.iter().map(|planned| size(&planned.written.new)).sum();
    let less: usize = planned.iter().map(|planned| size(&planned.written.old)).sum();
    if more > less && state.bytes() + more - less > ALL_BYTES_MAX {
        return Err(CompanionsError::LimitExceeded("The tables of this server hold as much as they may".into()));
    }
    Ok(planned)
}

fn plan_one(state: &State, scope: &Scope, write: &Write) -> Result<Planned, CompanionsError> {
    let table = state.table(scope, &write.table)?;
    let keys = &table.about.keys;
    let key = match &write.action {
        Action::Put(item) => keys.of_item(item)?,
        Action::Update(key, _) | Action::Delete(key) | Action::Check(key) => keys.of_key(key)?,
    };
    let old = table.items.get(&key).cloned();
    let nothing = Item::new();
    if !write.condition.holds(old.as_deref().unwrap_or(&nothing)) {
        return Err(CompanionsError::ConditionFailed { item: old });
    }
    let new = match &write.action {
        Action::Put(item) => Some(Arc::new(item.clone())),
        Action::Update(_, update) if old.is_none() && update.only_existing => None,
        Action::Update(key, update) => {
            if let Some(path) = update.places().into_iter().find(|path| keys.has(&path.attribute)) {
                return Err(CompanionsError::Invalid(format!(
                    "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of the \
                     key",
                    path.attribute
                )));
            }
            Some(Arc::new(update.of(old.as_deref().unwrap_or(key))?))
        }
        Action::Delete(_) => None,
        Action::Check(_) => old.clone(),
    };
    if let Some(item) = &new {
        table.check(item)?;
    }
    let is_check = matches!(write.action, Action::Check(_));
    Ok(Planned { table: write.table.clone(), key, written: Written { old, new }, is_check })
}

/// One failure cancels a transaction, and the caller is told about each of its writes.
fn all_or_reasons(each: Vec<Result<Planned, CompanionsError>>) -> Result<Vec<Planned>, CompanionsError> {
    if each.iter().all(Result::is_ok) {
        return each.into_iter().collect();
    }
    let reasons = each.into_iter().map(|one| match one {
        Ok(_) => CancellationReason::None,
        Err(CompanionsError::ConditionFailed { item }) => CancellationReason::ConditionFailed { item },
        Err(other) => CancellationReason::Invalid(other.to_string()),
    });
    Err(CompanionsError::TransactionCanceled(reasons.collect()))
}

/// Does what was planned on the same state.
pub(crate) fn carry_out(state: &mut State, scope: &Scope, planned: Vec<Planned>) -> Vec<Written> {
    let store = |Planned { table, key, written, is_check }: Planned| {
        if !is_check && let Some(table) = state.table_mut(scope, &table) {
            table.store(key, written.new.clone());
        }
        written
    };
    planned.into_iter().map(store).collect()
}
