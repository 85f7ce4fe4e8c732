//! The state machine of Analytics: every application, rebuilt from the command log on start.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use types::{
    ApplicationName, Applier, Arn, CommandMeta, Kind, Offset, PartitionId, Rejected, ResourceType, Scope, Timestamp,
};

use crate::command::{AnalyticsCommand, Definition};

/// One application, as an immutable value that each command replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: ApplicationName,
    /// The command that created it; tells apart two applications of one name.
    pub epoch: Offset,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last started, stopped or created.
    pub updated: Timestamp,
    /// What its creator said.
    pub definition: Definition,
    /// Whether it should be running.
    pub should_run: bool,
    /// The command from which its state descends: a checkpoint of another descent is not taken up.
    pub(crate) lineage: Offset,
}

impl Application {
    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new(&self.scope, ResourceType::Application, self.name.as_str())
    }

    /// Where its checkpoints are.
    pub(crate) fn checkpoints(&self) -> PartitionId {
        PartitionId::opened_by(self.epoch, 0)
    }
}

type Key = (Scope, ApplicationName);

/// All applications.
#[derive(Debug, Default)]
pub struct Catalog {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    applications: BTreeMap<Key, Arc<Application>>,
    /// Checkpoint partitions of deleted applications, which a crash may have left.
    retired: Vec<PartitionId>,
}

impl Catalog {
    /// The application of that name.
    pub fn get(&self, scope: &Scope, name: &ApplicationName) -> Option<Arc<Application>> {
        self.read().applications.get(&(scope.clone(), name.clone())).cloned()
    }

    /// The applications of a scope in order of name, after `after` if given.
    pub(crate) fn list(&self, scope: &Scope, after: Option<&ApplicationName>) -> Vec<Arc<Application>> {
        let state = self.read();
        let wanted = |application: &&Arc<Application>| {
            application.scope == *scope && after.is_none_or(|after| application.name > *after)
        };
        state.applications.values().filter(wanted).cloned().collect()
    }

    /// Every application.
    pub(crate) fn all(&self) -> Vec<Arc<Application>> {
        self.read().applications.values().cloned().collect()
    }

    /// The checkpoint partitions of deleted applications.
    pub(crate) fn retired(&self) -> Vec<PartitionId> {
        self.read().retired.clone()
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rejected(kind: Kind, message: String) -> Rejected {
    Rejected { kind, message }
}

impl State {
    fn existing(&mut self, key: &Key) -> Result<&mut Arc<Application>, Rejected> {
        let missing = || rejected(Kind::NotFound, format!("Application {} does not exist", key.1));
        self.applications.get_mut(key).ok_or_else(missing)
    }

    fn create(&mut self, meta: CommandMeta, key: Key, definition: Definition) -> Result<(), Rejected> {
        if self.applications.contains_key(&key) {
            return Err(rejected(Kind::InUse, format!("Application {} already exists", key.1)));
        }
        let application = Application {
            scope: key.0.clone(),
            name: key.1.clone(),
            epoch: meta.offset,
            created: meta.time,
            updated: meta.time,
            definition,
            should_run: false,
            lineage: meta.offset,
        };
        self.applications.insert(key, Arc::new(application));
        Ok(())
    }

    fn set_running(&mut self, meta: CommandMeta, key: &Key, run: bool, fresh: bool) -> Result<(), Rejected> {
        let known = self.existing(key)?;
        if known.should_run == run {
            let status = if run { "RUNNING" } else { "READY" };
            return Err(rejected(Kind::InUse, format!("Application {} is {status}", key.1)));
        }
        let application = Arc::make_mut(known);
        application.should_run = run;
        application.updated = meta.time;
        if fresh {
            application.lineage = meta.offset;
        }
        Ok(())
    }

    fn delete(&mut self, key: &Key) -> Result<(), Rejected> {
        let retired = self.existing(key)?.checkpoints();
        self.applications.remove(key);
        self.retired.push(retired);
        Ok(())
    }
}

impl Applier for Catalog {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let command = serde_json::from_slice(body)
            .map_err(|error| rejected(Kind::Internal, format!("a command that cannot be read: {error}")))?;
        let mut state = self.write();
        match command {
            AnalyticsCommand::Create { scope, name, definition } => state.create(meta, (scope, name), definition),
            AnalyticsCommand::Start { scope, name, fresh } => state.set_running(meta, &(scope, name), true, fresh),
            AnalyticsCommand::Stop { scope, name } => state.set_running(meta, &(scope, name), false, false),
            AnalyticsCommand::Delete { scope, name } => state.delete(&(scope, name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use types::{AccountId, Region};

    use super::*;

    fn apply(catalog: &Catalog, offset: u64, command: &AnalyticsCommand) -> Result<(), Rejected> {
        let meta = CommandMeta { offset: Offset(offset), time: Timestamp(offset * 10) };
        catalog.apply(meta, &serde_json::to_vec(command).unwrap())
    }

    #[test]
    fn commands_change_applications_or_are_refused() {
        let scope =
            Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() };
        let name = ApplicationName::parse("a").unwrap();
        let definition = Definition { sql: "…".into(), ..Definition::default() };
        let create = AnalyticsCommand::Create { scope: scope.clone(), name: name.clone(), definition };
        let start = |fresh| AnalyticsCommand::Start { scope: scope.clone(), name: name.clone(), fresh };
        let stop = AnalyticsCommand::Stop { scope: scope.clone(), name: name.clone() };
        let delete = AnalyticsCommand::Delete { scope: scope.clone(), name: name.clone() };
        let catalog = Catalog::default();
        assert_eq!(apply(&catalog, 1, &start(false)).unwrap_err().kind, Kind::NotFound);
        apply(&catalog, 2, &create).unwrap();
        assert_eq!(apply(&catalog, 3, &create).unwrap_err().kind, Kind::InUse);
        assert_eq!(apply(&catalog, 4, &stop).unwrap_err().kind, Kind::InUse);
        apply(&catalog, 5, &start(false)).unwrap();
        assert_eq!(catalog.get(&scope, &name).unwrap().lineage, Offset(2));
        apply(&catalog, 6, &stop).unwrap();
        apply(&catalog, 7, &start(true)).unwrap();
        let application = catalog.get(&scope, &name).unwrap();
        assert_eq!((application.lineage, application.epoch, application.updated.0), (Offset(7), Offset(2), 70));
        apply(&catalog, 8, &delete).unwrap();
        assert_eq!((catalog.get(&scope, &name), catalog.retired()), (None, vec![PartitionId::opened_by(Offset(2), 0)]));
        assert_eq!(
            catalog.apply(CommandMeta { offset: Offset(9), time: Timestamp(0) }, b"{}").unwrap_err().kind,
            Kind::Internal
        );
    }
}
