//! The state machine of the tables, rebuilt from the command log on start.
//!
//! Owns: the tables of every scope and the tokens of recent transactions. [`Tables::apply`] is the only writer; nothing
//! is copied for a command, so a write costs what its items cost. Read `write.rs` next.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{CommandMeta, Rejected, Scope, Timestamp};

use super::command::{TableCommand, Transaction, Write};
use super::schema::{IndexAbout, TableAbout, TableChange, TableName, TableSpec};
use super::table::Table;
use super::value::Item;
use super::waiting::{Outcome, Waiting};
use super::write::{carry_out, plan};
use crate::CompanionsError;

/// Tables per account and region (default quota).
const TABLES_MAX: usize = 2500;
/// How long a transaction's token is known (API reference: 10 minutes).
const TOKEN_LIFETIME: Duration = Duration::from_secs(600);
/// Tokens known at once; the oldest go first.
const TOKENS_MAX: usize = 10_000;
/// How long a new index of an existing table is shown as CREATING. It is complete at once; clients wait as on AWS.
const INDEX_CREATING: Duration = Duration::from_secs(1);

/// All tables, and who waits for what becomes of a write.
#[derive(Debug, Default)]
pub struct Tables {
    state: RwLock<State>,
    pub(crate) waiting: Waiting,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    tables: BTreeMap<(Scope, TableName), Table>,
    tokens: BTreeMap<(Scope, String), Token>,
}

/// A transaction that was carried out.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Token {
    time: Timestamp,
    fingerprint: String,
}

/// The persisted form of the state (version 1); an item is a list's element, because its key need not be text.
#[derive(Serialize, Deserialize)]
struct Written<I> {
    tables: Vec<(TableAbout, Vec<I>)>,
    tokens: Vec<(Scope, String, Token)>,
}

impl Tables {
    /// Changes the state, or refuses; deterministic.
    pub(crate) fn apply(&self, meta: CommandMeta, command: TableCommand) -> Result<(), Rejected> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match command {
            TableCommand::Create { scope, name, spec } => state.create(meta, scope, name, *spec)?,
            TableCommand::Change { scope, name, change } => state.change(meta, &scope, &name, *change)?,
            TableCommand::Delete { scope, name } => state.delete(scope, name)?,
            TableCommand::Recovery { scope, name, days } => {
                let table = state.table_mut(&scope, &name).ok_or_else(CompanionsError::no_such_table)?;
                table.about.recovery =
                    days.map(|days| (table.about.recovery.map_or(meta.time, |(since, _)| since), days));
            }
            TableCommand::Write { request, scope, transaction, writes } => {
                let outcome = state.write(meta, &scope, transaction, &writes);
                let refused = outcome.as_ref().err().map(|error| Rejected::from(error.clone()));
                drop(state);
                self.waiting.leave(request, || outcome);
                return refused.map_or(Ok(()), Err);
            }
        }
        Ok(())
    }

    pub(crate) fn lock(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state as JSON: equal states give equal bytes.
    pub(crate) fn write(&self) -> Box<RawValue> {
        let state = self.lock();
        let tables = state.tables.values().map(|table| {
            let items: Vec<&Item> = table.items.values().map(|item| &**item).collect();
            (table.about.clone(), items)
        });
        let tokens = state.tokens.iter().map(|((scope, token), about)| (scope.clone(), token.clone(), about.clone()));
        let written = Written { tables: tables.collect(), tokens: tokens.collect() };
        serde_json::value::to_raw_value(&written).expect("text keys and no failing serializer")
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn read(written: &RawValue) -> Result<State, String> {
        let written: Written<Item> = serde_json::from_str(written.get()).map_err(|error| error.to_string())?;
        let mut state = State::default();
        for (about, items) in written.tables {
            let name = (about.scope.clone(), about.name.clone());
            let mut table = Table::new(about);
            for item in items {
                let key = table.about.keys.of_item(&item).map_err(|error| error.to_string())?;
                table.store(key, Some(item.into()));
            }
            state.tables.insert(name, table);
        }
        state.tokens = written.tokens.into_iter().map(|(scope, token, about)| ((scope, token), about)).collect();
        Ok(state)
    }

    /// Puts a read state in the place of this one.
    pub(crate) fn replace(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl State {
    pub(crate) fn table(&self, scope: &Scope, name: &TableName) -> Result<&Table, CompanionsError> {
        self.tables.get(&(scope.clone(), name.clone())).ok_or_else(CompanionsError::no_such_table)
    }

    pub(crate) fn table_mut(&mut self, scope: &Scope, name: &TableName) -> Option<&mut Table> {
        self.tables.get_mut(&(scope.clone(), name.clone()))
    }

    /// The names of a scope's tables, in order.
    pub(crate) fn names<'s>(&'s self, scope: &'s Scope) -> impl Iterator<Item = &'s TableName> {
        self.tables.keys().filter(move |(owner, _)| owner == scope).map(|(_, name)| name)
    }

    /// The bytes of all items.
    pub(crate) fn bytes(&self) -> usize {
        self.tables.values().map(|table| table.bytes).sum()
    }

    /// Whether a transaction of that token was carried out; `Err` when it was another one.
    pub(crate) fn is_repeated(&self, scope: &Scope, transaction: &Transaction) -> Result<bool, CompanionsError> {
        let Some(token) = &transaction.token else { return Ok(false) };
        match self.tokens.get(&(scope.clone(), token.clone())) {
            Some(known) if known.fingerprint == transaction.fingerprint => Ok(true),
            Some(_) => Err(CompanionsError::IdempotentParameterMismatch),
            None => Ok(false),
        }
    }

    fn create(
        &mut self,
        meta: CommandMeta,
        scope: Scope,
        name: TableName,
        spec: TableSpec,
    ) -> Result<(), CompanionsError> {
        if self.tables.contains_key(&(scope.clone(), name.clone())) {
            return Err(CompanionsError::InUse(format!("Table already exists: {name}")));
        }
        if self.names(&scope).count() >= TABLES_MAX {
            let message = format!("Subscriber limit exceeded: There is a limit of {TABLES_MAX} tables per subscriber");
            return Err(CompanionsError::LimitExceeded(message));
        }
        spec.check()?;
        let indexes = spec.indexes.into_iter().map(|spec| IndexAbout { spec, ready: meta.time });
        let about = TableAbout {
            scope: scope.clone(),
            name: name.clone(),
            epoch: meta.offset.0,
            created: meta.time,
            keys: spec.keys,
            indexes: indexes.collect(),
            throughput: spec.throughput,
            per_request_since: spec.throughput.is_none().then_some(meta.time),
            deletion_protection: spec.deletion_protection,
            tags: spec.tags,
            recovery: None,
        };
        self.tables.insert((scope, name), Table::new(about));
        Ok(())
    }

    fn change(
        &mut self,
        meta: CommandMeta,
        scope: &Scope,
        name: &TableName,
        change: TableChange,
    ) -> Result<(), CompanionsError> {
        let table = self.table_mut(scope, name).ok_or_else(CompanionsError::no_such_table)?;
        // All that can refuse comes before the first change.
        if let Some(spec) = &change.create_index {
            check_new_index(&table.about, spec, meta.time)?;
        }
        let unknown = |name: &String| !table.about.indexes.iter().any(|index| index.spec.name == *name);
        let index_throughput = change.index_throughput.as_ref().map(|(name, _)| name);
        if change.delete_index.as_ref().is_some_and(unknown) || index_throughput.is_some_and(unknown) {
            return Err(CompanionsError::NotFound("Requested resource not found".into()));
        }
        if let Some(throughput) = change.throughput {
            let was_per_request = table.about.per_request_since.filter(|_| table.about.throughput.is_none());
            table.about.per_request_since =
                if throughput.is_none() { was_per_request.or(Some(meta.time)) } else { table.about.per_request_since };
            table.about.throughput = throughput;
        }
        if let Some(protection) = change.deletion_protection {
            table.about.deletion_protection = protection;
        }
        if let Some((name, throughput)) = change.index_throughput {
            let index = table.about.indexes.iter_mut().find(|index| index.spec.name == name);
            index.into_iter().for_each(|index| index.spec.throughput = Some(throughput));
        }
        if let Some(name) = change.delete_index {
            table.drop_index(&name);
        }
        if let Some(spec) = change.create_index {
            table.add_index(IndexAbout { spec, ready: meta.time.after(INDEX_CREATING) });
        }
        Ok(())
    }

    fn delete(&mut self, scope: Scope, name: TableName) -> Result<(), CompanionsError> {
        if self.table(&scope, &name)?.about.deletion_protection {
            return Err(CompanionsError::Invalid(
                "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection \
                 first."
                    .into(),
            ));
        }
        self.tables.remove(&(scope, name));
        Ok(())
    }

    fn write(
        &mut self,
        meta: CommandMeta,
        scope: &Scope,
        transaction: Option<Transaction>,
        writes: &[Write],
    ) -> Outcome {
        self.tokens.retain(|_, token| meta.time.since(token.time) < TOKEN_LIFETIME);
        if let Some(transaction) = &transaction
            && self.is_repeated(scope, transaction)?
        {
            return Ok(Vec::new());
        }
        let planned = plan(self, scope, writes, transaction.is_some())?;
        let written = carry_out(self, scope, planned);
        if let Some(Transaction { token: Some(token), fingerprint }) = transaction {
            if self.tokens.len() >= TOKENS_MAX {
                let oldest = self.tokens.iter().min_by_key(|(_, token)| token.time).map(|(key, _)| key.clone());
                oldest.into_iter().for_each(|key| drop(self.tokens.remove(&key)));
            }
            self.tokens.insert((scope.clone(), token), Token { time: meta.time, fingerprint });
        }
        Ok(written)
    }
}

fn check_new_index(about: &TableAbout, spec: &super::schema::IndexSpec, now: Timestamp) -> Result<(), CompanionsError> {
    if about.indexes.iter().any(|index| index.spec.name == spec.name) {
        let message = format!("Attempting to create an index which already exists: {}", spec.name);
        return Err(CompanionsError::Invalid(message));
    }
    if about.indexes.iter().any(|index| index.ready > now) {
        return Err(CompanionsError::LimitExceeded(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table".into(),
        ));
    }
    let mut indexes: Vec<_> = about.indexes.iter().map(|index| index.spec.clone()).collect();
    indexes.push(spec.clone());
    let (keys, throughput) = (about.keys.clone(), about.throughput);
    TableSpec { keys, indexes, throughput, deletion_protection: false, tags: BTreeMap::new() }.check()
}
