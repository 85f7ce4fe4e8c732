//! State machines and a clock for tests of the command log.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use log::{CommandLog, CommandLogConfig, Log, LogError};
use serde::{Deserialize, Serialize};
use types::{
    Applier, Clock, Command, CommandId, CommandMeta, Commands, Domain, Kind, Rejected, Sleep, SubmitError, Timestamp,
};

use super::Dice;

/// A clock that stands.
pub(crate) struct Still(pub(crate) u64);

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp(self.0)
    }

    fn sleep(&self, _span: Duration) -> Sleep {
        Box::pin(std::future::ready(()))
    }
}

/// A change of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// Refused when the key is there.
    Add(u64, String),
    /// Refused when it is not.
    Remove(u64),
}

impl Change {
    pub(crate) fn command(&self, domain: Domain) -> Command {
        Command { domain, body: Bytes::from(serde_json::to_vec(self).unwrap()) }
    }
}

/// Rows by key, with the place of the command that added each.
pub(crate) type Rows = BTreeMap<u64, (String, CommandMeta)>;

/// A state machine.
#[derive(Default)]
pub(crate) struct Table(Mutex<Rows>);

impl Table {
    pub(crate) fn rows(&self) -> Rows {
        self.0.lock().unwrap().clone()
    }

    /// What no command does.
    pub(crate) fn tamper(&self) {
        self.0.lock().unwrap().clear();
    }
}

impl Applier for Table {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let mut rows = self.0.lock().unwrap();
        let refuse = |kind, message| Err(Rejected { kind, message });
        match serde_json::from_slice(body).unwrap() {
            Change::Add(key, _) if rows.contains_key(&key) => refuse(Kind::InUse, format!("{key} is there")),
            Change::Remove(key) if !rows.contains_key(&key) => refuse(Kind::NotFound, format!("{key} is not there")),
            Change::Add(key, value) => {
                rows.insert(key, (value, meta));
                Ok(())
            }
            Change::Remove(key) => {
                rows.remove(&key);
                Ok(())
            }
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(&*self.0.lock().unwrap()).unwrap()
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        *self.0.lock().unwrap() = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        Ok(())
    }
}

/// Two domains.
#[derive(Default)]
pub(crate) struct Domains {
    pub(crate) streams: Arc<Table>,
    pub(crate) delivery: Arc<Table>,
}

impl Domains {
    pub(crate) fn appliers(&self) -> HashMap<Domain, Arc<dyn Applier>> {
        HashMap::from([(Domain::Streams, self.streams.clone() as _), (Domain::Delivery, self.delivery.clone() as _)])
    }

    pub(crate) async fn open(&self, log: Arc<dyn Log>, config: CommandLogConfig) -> Result<CommandLog, LogError> {
        CommandLog::open_with(log, Arc::new(Still(5)), self.appliers(), config).await
    }

    pub(crate) fn rows(&self) -> (Rows, Rows) {
        (self.streams.rows(), self.delivery.rows())
    }
}

/// Snapshots after so many commands.
pub(crate) fn every(commands_max: u64) -> CommandLogConfig {
    CommandLogConfig { commands_max, ..CommandLogConfig::default() }
}

/// `count` changes of both domains; about a third of them will be refused.
pub(crate) fn changes(seed: u64, count: usize) -> Vec<(Domain, Change)> {
    let mut dice = Dice::new(seed);
    let change = |dice: &mut Dice| {
        let domain = [Domain::Streams, Domain::Delivery][dice.roll(2) as usize];
        let key = dice.roll(12);
        let value = "v".repeat([1, 40, 700][dice.roll(3) as usize]);
        (domain, if dice.roll(3) == 0 { Change::Remove(key) } else { Change::Add(key, value) })
    };
    (0..count).map(|_| change(&mut dice)).collect()
}

/// Submits, and answers what a caller sees.
pub(crate) async fn submit(commands: &CommandLog, domain: Domain, change: &Change) -> Result<CommandMeta, String> {
    told(commands.submit(change.command(domain)).await)
}

/// The same under an id of the caller's.
pub(crate) async fn submit_as(
    commands: &CommandLog,
    id: CommandId,
    domain: Domain,
    change: &Change,
) -> Result<CommandMeta, String> {
    told(commands.submit_as(id, change.command(domain)).await)
}

fn told(outcome: Result<CommandMeta, SubmitError>) -> Result<CommandMeta, String> {
    outcome.map_err(|error| match error {
        SubmitError::Rejected(rejected) => rejected.message,
        SubmitError::Log { kind, message } => format!("log: {kind:?}: {message}"),
    })
}
