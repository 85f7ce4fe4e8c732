//! Looks into the midst of a step: what a commit writes must not be seen before it is flushed.
//!
//! A step is one moment of virtual time, so that no reader could come between its write and its flush. This one does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use log::Log;
use log::embedded::EmbeddedLog;
use types::{Offset, PartitionId};

use crate::world::World;

/// The log whose step is under way, and the ends of its partitions before.
#[derive(Default)]
pub(crate) struct Watermark(Mutex<Option<Before>>);

struct Before {
    log: Arc<EmbeddedLog>,
    ends: Vec<(PartitionId, Option<Offset>)>,
}

fn end(log: &EmbeddedLog, partition: PartitionId) -> Option<Offset> {
    log.bounds(partition).map(|bounds| bounds.end)
}

impl Watermark {
    fn before(&self) -> MutexGuard<'_, Option<Before>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step begins.
    pub(crate) fn begin(&self, world: &World, log: &Arc<EmbeddedLog>) {
        let process = world.process.borrow();
        let Some(process) = process.as_ref() else { return };
        let streams = world.names.iter().filter_map(|name| process.streams.stream(&world.scope, name).ok());
        let mut ends = vec![(log::COMMAND_PARTITION, end(log, log::COMMAND_PARTITION))];
        for stream in streams {
            ends.extend(stream.shards.iter().map(|shard| (shard.partition, end(log, shard.partition))));
        }
        *self.before() = Some(Before { log: Arc::clone(log), ends });
    }

    /// The step has ended.
    pub(crate) fn end(&self) {
        *self.before() = None;
    }

    /// Something is about to be flushed.
    pub(crate) fn check(&self, world: &World) {
        let before = self.before();
        let Some(Before { log, ends }) = before.as_ref() else { return };
        let ahead = ends.iter().find(|(partition, before)| end(log, *partition) > *before);
        if let Some((partition, before)) = ahead {
            world.violation(format!("records of {partition:?} from {before:?} on are seen before their flush"));
        }
    }
}
