//! The state machine of the companions: tables, rebuilt from the command log on start. Metrics are not commands: they
//! have a partition of their own (`cloudwatch/record.rs`).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use types::{Applier, CommandMeta, Kind, Rejected};

use crate::command::CompanionsCommand;
use crate::dynamodb::Tables;

/// The version of [`Snapshot`]; older ones stay readable.
const VERSION: u32 = 1;

/// The state. It has its own lock; [`Applier::apply`] is the only writer.
#[derive(Debug, Default)]
pub struct Catalog {
    /// The tables of DynamoDB.
    pub tables: Arc<Tables>,
}

/// The whole state as it is written down.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    version: u32,
    tables: Box<RawValue>,
}

impl Applier for Catalog {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let command = serde_json::from_slice(body).map_err(|error| Rejected {
            kind: Kind::Internal,
            message: format!("a companions' command that this version cannot read: {error}"),
        })?;
        match command {
            CompanionsCommand::Table(command) => self.tables.apply(meta, command),
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        let written = Snapshot { version: VERSION, tables: self.tables.write() };
        serde_json::to_vec(&written).expect("text keys and no failing serializer")
    }

    fn restore(&self, bytes: &[u8]) -> Result<(), String> {
        let read: Snapshot = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if read.version != VERSION {
            return Err(format!("version {} of the companions' state is not known", read.version));
        }
        self.tables.replace(Tables::read(&read.tables)?);
        Ok(())
    }
}
