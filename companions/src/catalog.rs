//! The state machine of the companions: tables and metrics, rebuilt from the command log on start.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{Applier, CommandMeta, Kind, Rejected};

use crate::cloudwatch::Metrics;
use crate::command::CompanionsCommand;
use crate::dynamodb::Tables;

/// The version of [`Snapshot`]; older ones stay readable.
const VERSION: u32 = 1;

/// Both halves. Each has its own lock; [`Applier::apply`] is the only writer.
#[derive(Debug, Default)]
pub struct Catalog {
    /// The tables of DynamoDB.
    pub tables: Arc<Tables>,
    /// The metrics of CloudWatch.
    pub metrics: Arc<Metrics>,
}

/// The whole state as it is written down; each half knows its own form.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    version: u32,
    tables: Box<RawValue>,
    metrics: Box<RawValue>,
}

impl Applier for Catalog {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let command = serde_json::from_slice(body).map_err(|error| Rejected {
            kind: Kind::Internal,
            message: format!("a companions' command that this version cannot read: {error}"),
        })?;
        match command {
            CompanionsCommand::Table(command) => self.tables.apply(meta, command),
            CompanionsCommand::Metrics(command) => self.metrics.apply(meta, command),
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        let written = Snapshot { version: VERSION, tables: self.tables.write(), metrics: self.metrics.write() };
        serde_json::to_vec(&written).expect("text keys and no failing serializer")
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        let read: Snapshot = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.version != VERSION {
            return Err(format!("version {} of the companions' state is not known", read.version));
        }
        let (tables, metrics) = (Tables::read(&read.tables)?, Metrics::read(&read.metrics)?);
        self.tables.replace(tables);
        self.metrics.replace(metrics);
        Ok(())
    }
}
