//! The state machine of Firehose: every delivery stream and channel, rebuilt from the command log on start.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use types::{
    Applier, Arn, ChannelName, CommandMeta, DeliveryStreamName, Epoch, Kind, Offset, PartitionId, Rejected,
    ResourceType, Scope, Timestamp,
};

use crate::channels::Channel;
use crate::command::Command;
use crate::config::{Destination, SourceConfig};

/// Delivery streams per account and region (model text of `CreateDeliveryStream`).
const DELIVERY_STREAMS_MAX: usize = 5000;

/// One incarnation of a delivery stream; a new one under an old name has another epoch. Stored in snapshots as JSON:
/// no field is renamed, and new ones have a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryStream {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, unique in the scope.
    pub name: DeliveryStreamName,
    /// The command that created it.
    pub epoch: Epoch,
    /// When it was created.
    pub created: Timestamp,
    /// Where records come from.
    pub source: SourceConfig,
    /// Where they go.
    pub destination: Destination,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Where reading starts in the shards that the source stream had at creation.
    pub(crate) starts: Vec<(PartitionId, Offset)>,
    /// Where its checkpoints are.
    pub(crate) checkpoints: PartitionId,
    /// Where DirectPut records wait.
    pub(crate) buffer: PartitionId,
}

impl DeliveryStream {
    /// The version of the configuration; it grows with UpdateDestination, which is not built.
    pub const VERSION: &'static str = "1";
    /// The id of the one destination that a delivery stream has.
    pub const DESTINATION_ID: &'static str = "destinationId-000000000001";

    /// Its ARN.
    pub fn arn(&self) -> Arn {
        Arn::new(&self.scope, ResourceType::DeliveryStream, self.name.as_str())
    }
}

type Key = (Scope, DeliveryStreamName);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct State {
    streams: BTreeMap<Key, Arc<DeliveryStream>>,
    channels: BTreeMap<(Scope, ChannelName), Arc<Channel>>,
    /// Partitions of deleted delivery streams and channels; a crash may have come before they were dropped.
    retired: Vec<PartitionId>,
}

/// All delivery streams and channels. Reads are lock-free snapshots; [`Applier::apply`] is the only writer.
#[derive(Debug, Default)]
pub struct Catalog {
    state: ArcSwap<State>,
}

impl Catalog {
    /// The delivery stream of that name.
    pub fn get(&self, scope: &Scope, name: &DeliveryStreamName) -> Option<Arc<DeliveryStream>> {
        self.state.load().streams.get(&(scope.clone(), name.clone())).cloned()
    }

    /// The delivery streams of a scope after `after`, in order of name.
    pub(crate) fn of_scope(&self, scope: &Scope, after: Option<&DeliveryStreamName>) -> Vec<Arc<DeliveryStream>> {
        let state = self.state.load();
        match after {
            Some(name) => {
                let from = Bound::Excluded((scope.clone(), name.clone()));
                let rest = state.streams.range((from, Bound::Unbounded));
                rest.take_while(|((owner, _), _)| owner == scope).map(|(_, stream)| stream.clone()).collect()
            }
            None => state.streams.values().filter(|stream| stream.scope == *scope).cloned().collect(),
        }
    }

    /// Every delivery stream.
    pub(crate) fn all(&self) -> Vec<Arc<DeliveryStream>> {
        self.state.load().streams.values().cloned().collect()
    }

    /// The channel of that name.
    pub fn channel(&self, scope: &Scope, name: &ChannelName) -> Option<Arc<Channel>> {
        self.state.load().channels.get(&(scope.clone(), name.clone())).cloned()
    }

    /// The channels of a scope, in order of name.
    pub(crate) fn channels_of(&self, scope: &Scope) -> Vec<Arc<Channel>> {
        self.state.load().channels.values().filter(|channel| channel.scope == *scope).cloned().collect()
    }

    /// Every channel.
    pub(crate) fn all_channels(&self) -> Vec<Arc<Channel>> {
        self.state.load().channels.values().cloned().collect()
    }

    /// The partitions of deleted delivery streams and channels.
    pub(crate) fn retired(&self) -> Vec<PartitionId> {
        self.state.load().retired.clone()
    }

    /// Whether a partition belongs to a deleted delivery stream or channel.
    pub(crate) fn is_retired(&self, partition: PartitionId) -> bool {
        self.state.load().retired.contains(&partition)
    }
}

impl Applier for Catalog {
    fn apply(&self, meta: CommandMeta, body: &[u8]) -> Result<(), Rejected> {
        let command = serde_json::from_slice(body).map_err(|error| Rejected {
            kind: Kind::Internal,
            message: format!("a Firehose command that this version cannot read: {error}"),
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
            Command::Create { scope, name, source, destination, tags, starts } => {
                self.admit(&scope, &name)?;
                let stream = DeliveryStream {
                    scope: scope.clone(),
                    name: name.clone(),
                    epoch: Epoch(meta.offset.0),
                    created: meta.time,
                    source,
                    destination: *destination,
                    tags,
                    starts,
                    checkpoints: PartitionId::opened_by(meta.offset, 0),
                    buffer: PartitionId::opened_by(meta.offset, 1),
                };
                self.streams.insert((scope, name), Arc::new(stream));
            }
            Command::Delete { scope, name } => {
                let stream = self.streams.remove(&(scope.clone(), name.clone())).ok_or_else(|| Rejected {
                    kind: Kind::NotFound,
                    message: format!("Firehose {name} under account {} not found.", scope.account),
                })?;
                self.retired.extend([stream.checkpoints, stream.buffer]);
            }
            other => self.apply_to_channels(meta, other)?,
        }
        Ok(())
    }

    fn admit(&self, scope: &Scope, name: &DeliveryStreamName) -> Result<(), Rejected> {
        let refuse = |kind, message| Err(Rejected { kind, message });
        if self.streams.contains_key(&(scope.clone(), name.clone())) {
            return refuse(Kind::InUse, format!("Firehose {name} under accountId {} already exists", scope.account));
        }
        if self.streams.keys().filter(|(owner, _)| owner == scope).count() >= DELIVERY_STREAMS_MAX {
            let message = format!("You have already consumed your firehose quota of {DELIVERY_STREAMS_MAX} hoses.");
            return refuse(Kind::LimitExceeded, message);
        }
        Ok(())
    }
}

mod channels;
mod snapshot;
#[cfg(test)]
mod tests;
