//! The state machine of Analytics: every application, rebuilt from the command log on start.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use types::{ApplicationName, Applier, CommandMeta, Epoch, Kind, PartitionId, Rejected, Scope};

use crate::{Application, Command, Status};

/// Applications per account and region (service quotas page).
const APPLICATIONS_MAX: usize = 100;

type Key = (Scope, ApplicationName);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    applications: BTreeMap<Key, Arc<Application>>,
    /// Partitions of deleted applications; a crash may have come before they were dropped.
    retired: Vec<PartitionId>,
}

/// All applications. Reads are lock-free snapshots; [`Applier::apply`] is the only writer.
#[derive(Debug, Default)]
pub struct Catalog {
    state: ArcSwap<State>,
}

impl Catalog {
    /// The application of that name.
    pub(crate) fn get(&self, scope: &Scope, name: &ApplicationName) -> Option<Arc<Application>> {
        self.state.load().applications.get(&(scope.clone(), name.clone())).cloned()
    }

    /// Every application, in order of scope and name.
    pub(crate) fn all(&self) -> Vec<Arc<Application>> {
        self.state.load().applications.values().cloned().collect()
    }

    /// The partitions of deleted applications.
    pub(crate) fn retired(&self) -> Vec<PartitionId> {
        self.state.load().retired.clone()
    }
}

impl Applier for Catalog {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let command = serde_json::from_slice(body).map_err(|error| Rejected {
            kind: Kind::Internal,
            message: format!("an Analytics command that this version cannot read: {error}"),
        })?;
        let mut state = State::clone(&self.state.load());
        state.apply(meta, command)?;
        self.state.store(Arc::new(state));
        Ok(())
    }

    fn snapshot(&self) -> Vec<u8> {
        snapshot::write(&self.state.load())
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        self.state.store(Arc::new(snapshot::read(bytes)?));
        Ok(())
    }
}

impl State {
    fn apply(&mut self, meta: CommandMeta, command: Command) -> Result<(), Rejected> {
        match command {
            Command::Create { scope, name, configuration, tags } => {
                self.admit(&scope, &name)?;
                let application = Application {
                    scope: scope.clone(),
                    name: name.clone(),
                    epoch: Epoch(meta.offset.0),
                    created: meta.time,
                    updated: meta.time,
                    status: Status::Ready,
                    configuration: *configuration,
                    tags,
                    lineage: meta.offset,
                    checkpoints: PartitionId::opened_by(meta.offset, 0),
                };
                self.applications.insert((scope, name), Arc::new(application));
            }
            Command::Start { scope, name, epoch, afresh } => {
                let application = self.change(scope, name, epoch, Status::Ready)?;
                application.status = Status::Running;
                application.updated = meta.time;
                if afresh {
                    application.lineage = meta.offset;
                }
            }
            Command::Stop { scope, name, epoch } => {
                let application = self.change(scope, name, epoch, Status::Running)?;
                application.status = Status::Ready;
                application.updated = meta.time;
            }
            Command::Delete { scope, name, epoch } => {
                let checkpoints = self.find(&scope, &name, epoch)?.checkpoints;
                self.applications.remove(&(scope, name));
                self.retired.push(checkpoints);
            }
        }
        Ok(())
    }

    fn admit(&self, scope: &Scope, name: &ApplicationName) -> Result<(), Rejected> {
        let refuse = |kind, message| Err(Rejected { kind, message });
        if self.applications.contains_key(&(scope.clone(), name.clone())) {
            return refuse(Kind::InUse, format!("Application {name} under account {} already exists.", scope.account));
        }
        if self.applications.keys().filter(|(owner, _)| owner == scope).count() >= APPLICATIONS_MAX {
            let message = format!("The account already has {APPLICATIONS_MAX} applications in the region.");
            return refuse(Kind::LimitExceeded, message);
        }
        Ok(())
    }

    fn find(&self, scope: &Scope, name: &ApplicationName, epoch: Epoch) -> Result<&Arc<Application>, Rejected> {
        let found = self.applications.get(&(scope.clone(), name.clone())).filter(|found| found.epoch == epoch);
        found.ok_or_else(|| Rejected {
            kind: Kind::NotFound,
            message: format!("Application {name} under account {} not found.", scope.account),
        })
    }

    /// The application to change, if it has the status that the change starts from.
    fn change(
        &mut self,
        scope: Scope,
        name: ApplicationName,
        epoch: Epoch,
        from: Status,
    ) -> Result<&mut Application, Rejected> {
        let status = self.find(&scope, &name, epoch)?.status;
        if status != from {
            let state = if status == Status::Running { "RUNNING" } else { "READY" };
            let message = format!("Application {name} cannot be changed this way while it is {state}.");
            return Err(Rejected { kind: Kind::InUse, message });
        }
        let application = self.applications.get_mut(&(scope, name)).expect("it was found just now");
        Ok(Arc::make_mut(application))
    }
}

mod snapshot;
#[cfg(test)]
mod tests;
