//! Which shards of a stream a reader reads: a child only after all of its parents.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use streams::{Position, Shard, ShardFilter, StreamsError};
use types::{Epoch, ShardId, StreamName};

use crate::dice::Dice;
use crate::network::{Reply, call};
use crate::tail::Tail;
use crate::world::World;

/// See the module text. A clone is a checkpoint.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shards {
    /// The stream, not another of its name.
    stream: Option<Epoch>,
    ended: BTreeSet<ShardId>,
    pub(crate) tails: BTreeMap<ShardId, Tail>,
}

impl Shards {
    /// Whether nothing was read yet.
    pub(crate) fn is_new(&self) -> bool {
        self.stream.is_none()
    }

    /// The stream that is read.
    pub(crate) fn stream(&self) -> Option<Epoch> {
        self.stream
    }

    /// Lists the shards of the stream and takes up those whose parents have ended; the first ones at `start`. Answers
    /// whether the stream could be listed.
    pub(crate) async fn refresh(
        &mut self,
        world: &Arc<World>,
        dice: &mut Dice,
        name: &StreamName,
        start: Position,
    ) -> Result<bool, StreamsError> {
        let listed = call(world, dice, async |process| {
            let stream = process.streams.stream(&world.scope, name)?;
            let shards = process.streams.list_shards(&stream, ShardFilter::All);
            Ok::<_, StreamsError>((stream.epoch, shards))
        });
        let Reply::Answered(listed) = listed.await else { return Ok(false) };
        let (epoch, shards): (Epoch, Vec<Shard>) = listed?;
        if self.stream.is_some_and(|known| known != epoch) {
            *self = Self::default();
        }
        let start = if self.stream.replace(epoch).is_none() { start } else { Position::TrimHorizon };
        let known: BTreeSet<ShardId> = shards.iter().map(|shard| shard.id).collect();
        // A shard that retention has forgotten ended, whether or not it was read to its end.
        self.tails.retain(|id, _| known.contains(id));
        for shard in &shards {
            let due = shard.parents.iter().all(|parent| self.ended.contains(parent) || !known.contains(parent));
            if due && !self.ended.contains(&shard.id) {
                self.tails.entry(shard.id).or_insert_with(|| Tail::new(name, shard, start));
            }
        }
        Ok(true)
    }

    /// The shard was read to its end.
    pub(crate) fn end(&mut self, world: &Arc<World>, id: ShardId, children: &[Shard]) {
        if let Some(tail) = self.tails.remove(&id) {
            tail.end(world, children);
        }
        self.ended.insert(id);
    }
}
