//! The state machine of Data Streams: every stream and shard, rebuilt from the command log on start.

use types::{Applier, CommandMeta, Rejected};

/// All streams. Reads are lock-free snapshots; [`Applier::apply`] is the only writer.
#[derive(Debug, Default)]
pub struct Catalog {}

impl Applier for Catalog {
    fn apply(&self, _meta: CommandMeta, _body: &[u8]) -> Result<(), Rejected> {
        unimplemented!()
    }
}
