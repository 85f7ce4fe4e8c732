//! The handle that the API and the in-process consumers hold.

use std::collections::BTreeMap;
use std::sync::Arc;

use log::Log;
use types::{Clock, Commands, Random, Scope, StreamName};

use crate::{Catalog, Stream, StreamMode, StreamsError};

/// What the rules stand on; everything that a simulator replaces is here.
pub struct Parts {
    /// The state machine that the command log feeds.
    pub catalog: Arc<Catalog>,
    /// Where records are.
    pub log: Arc<dyn Log>,
    /// Where control operations go.
    pub commands: Arc<dyn Commands>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where unguessable bytes come from.
    pub random: Arc<dyn Random>,
    /// Authenticates iterators and page tokens; kept with the data so that they outlive a restart.
    pub token_secret: [u8; 32],
}

/// Data Streams. Cheap to clone.
#[derive(Clone)]
pub struct Streams {
    pub(crate) parts: Arc<Parts>,
}

/// What CreateStream asks for.
#[derive(Debug, Clone)]
pub struct CreateStream {
    /// The name, free in the scope.
    pub name: StreamName,
    /// How capacity is decided.
    pub mode: StreamMode,
    /// Shards to start with; `None` takes 4 for on-demand and is refused for provisioned.
    pub shard_count: Option<u32>,
    /// Largest record in bytes; `None` takes the default of 1 MiB.
    pub record_bytes_max: Option<usize>,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
}

impl Streams {
    /// The service over `parts`.
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// Creates a stream; it is ACTIVE when this returns.
    pub async fn create_stream(&self, _scope: &Scope, _request: CreateStream) -> Result<(), StreamsError> {
        unimplemented!()
    }

    /// Deletes a stream and forgets its records.
    pub async fn delete_stream(&self, _scope: &Scope, _name: &StreamName) -> Result<(), StreamsError> {
        unimplemented!()
    }

    /// The stream of that name.
    pub fn stream(&self, _scope: &Scope, _name: &StreamName) -> Result<Arc<Stream>, StreamsError> {
        unimplemented!()
    }
}
