//! The handle that the API holds: the operations on tables and items.

use std::sync::Arc;

use bytes::Bytes;
use types::{Clock, Command, Commands, Domain, HashKey, Random, Scope, SubmitError};

use super::command::{TableCommand, Transaction, Write};
use super::path::{Path, project};
use super::read::{Page, PageRequest, TableInfo, describe, page};
use super::schema::{TableChange, TableName, TableSpec};
use super::tables::Tables;
use super::value::Item;
use super::waiting::Written;
use super::write::plan;
use crate::{CompanionsCommand, CompanionsError};

/// What DynamoDB stands on.
pub struct Parts {
    /// The state machine that the command log feeds.
    pub tables: Arc<Tables>,
    /// Where changes go.
    pub commands: Arc<dyn Commands>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where the numbers of requests come from.
    pub random: Arc<dyn Random>,
}

/// DynamoDB. Cheap to clone.
#[derive(Clone)]
pub struct DynamoDb {
    parts: Arc<Parts>,
}

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DynamoDb").finish_non_exhaustive()
    }
}

impl DynamoDb {
    /// The service over `parts`.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Makes a table; it can be used at once.
    pub async fn create_table(
        &self,
        scope: &Scope,
        name: TableName,
        spec: TableSpec,
    ) -> Result<TableInfo, CompanionsError> {
        spec.check()?;
        if self.describe_table(scope, &name).is_ok() {
            return Err(CompanionsError::InUse(format!("Table already exists: {name}")));
        }
        let command = TableCommand::Create { scope: scope.clone(), name: name.clone(), spec: Box::new(spec) };
        self.submit(command).await?;
        self.describe_table(scope, &name)
    }

    /// A table as it is now.
    pub fn describe_table(&self, scope: &Scope, name: &TableName) -> Result<TableInfo, CompanionsError> {
        let tables = self.parts.tables.lock();
        let found = tables.table(scope, name).map(|table| describe(table, self.parts.clock.now()));
        found.map_err(|_| CompanionsError::NotFound(format!("Requested resource not found: Table: {name} not found")))
    }

    /// Changes a table.
    pub async fn update_table(
        &self,
        scope: &Scope,
        name: &TableName,
        change: TableChange,
    ) -> Result<TableInfo, CompanionsError> {
        self.describe_table(scope, name)?;
        let command = TableCommand::Change { scope: scope.clone(), name: name.clone(), change: Box::new(change) };
        self.submit(command).await?;
        self.describe_table(scope, name)
    }

    /// Forgets a table; what it was.
    pub async fn delete_table(&self, scope: &Scope, name: &TableName) -> Result<TableInfo, CompanionsError> {
        let info = self.describe_table(scope, name)?;
        self.submit(TableCommand::Delete { scope: scope.clone(), name: name.clone() }).await?;
        Ok(info)
    }

    /// The names after `after`, at most `limit`, and whether there are more.
    pub fn list_tables(&self, scope: &Scope, after: Option<&str>, limit: usize) -> (Vec<TableName>, bool) {
        let tables = self.parts.tables.lock();
        let mut rest = tables.names(scope).filter(|name| after.is_none_or(|after| name.as_str() > after)).cloned();
        let names = rest.by_ref().take(limit).collect();
        (names, rest.next().is_some())
    }

    /// Turns point-in-time recovery on, for some days, or off.
    pub async fn update_recovery(
        &self,
        scope: &Scope,
        name: &TableName,
        days: Option<i32>,
    ) -> Result<TableInfo, CompanionsError> {
        self.describe_table(scope, name)?;
        self.submit(TableCommand::Recovery { scope: scope.clone(), name: name.clone(), days }).await?;
        self.describe_table(scope, name)
    }

    /// One item, or parts of it; always as the last write left it.
    pub fn get_item(
        &self,
        scope: &Scope,
        table: &TableName,
        key: &Item,
        projection: Option<&[Path]>,
    ) -> Result<Option<Item>, CompanionsError> {
        let tables = self.parts.tables.lock();
        let table = tables.table(scope, table)?;
        let item = table.items.get(&table.about.keys.of_key(key)?);
        Ok(item.map(|item| projection.map_or_else(|| Item::clone(item), |paths| project(item, paths))))
    }

    /// A page of a query or scan.
    pub fn page(&self, scope: &Scope, request: &PageRequest) -> Result<Page, CompanionsError> {
        page(&self.parts.tables.lock(), scope, request, self.parts.clock.now())
    }

    /// One write; what it did.
    pub async fn write(&self, scope: &Scope, write: Write) -> Result<Written, CompanionsError> {
        let mut written = self.write_all(scope, vec![write], None).await?;
        written.pop().ok_or_else(|| CompanionsError::Commands("a write without an outcome".into()))
    }

    /// Several writes, all or none. A repetition with the same token within ten minutes does nothing and succeeds.
    pub async fn transact(
        &self,
        scope: &Scope,
        writes: Vec<Write>,
        token: Option<String>,
    ) -> Result<(), CompanionsError> {
        let json = serde_json::to_string(&writes).map_err(|error| CompanionsError::Commands(error.to_string()))?;
        let transaction = Transaction { token, fingerprint: HashKey::of_partition_key(&json).to_string() };
        self.write_all(scope, writes, Some(transaction)).await.map(drop)
    }

    async fn write_all(
        &self,
        scope: &Scope,
        writes: Vec<Write>,
        transaction: Option<Transaction>,
    ) -> Result<Vec<Written>, CompanionsError> {
        self.would_be_refused(scope, &writes, transaction.as_ref())?;
        let mut request = [0; 8];
        self.parts.random.fill(&mut request);
        let request = u64::from_be_bytes(request);
        let seat = self.parts.tables.waiting.seat(request);
        let submitted = self.submit(TableCommand::Write { request, scope: scope.clone(), transaction, writes }).await;
        seat.take().unwrap_or_else(|| {
            let lost = || CompanionsError::Commands("the outcome of a write is lost".into());
            Err(submitted.map_or_else(CompanionsError::from, |()| lost()))
        })
    }

    /// Answers from the state as it is what needs no command: all that was applied is durable, so a refusal now is one
    /// that a write at this moment would have got. It keeps the log free of what has no effect, as when many workers
    /// ask for one lock.
    fn would_be_refused(
        &self,
        scope: &Scope,
        writes: &[Write],
        transaction: Option<&Transaction>,
    ) -> Result<(), CompanionsError> {
        let tables = self.parts.tables.lock();
        if let Some(transaction) = transaction
            && tables.is_repeated(scope, transaction)?
        {
            return Ok(());
        }
        plan(&tables, scope, writes, transaction.is_some()).map(drop)
    }

    async fn submit(&self, command: TableCommand) -> Result<(), SubmitError> {
        let body = serde_json::to_vec(&CompanionsCommand::Table(command))
            .map_err(|error| SubmitError::Log(error.to_string()))?;
        let command = Command { domain: Domain::Companions, body: Bytes::from(body) };
        self.parts.commands.submit(command).await.map(drop)
    }
}
