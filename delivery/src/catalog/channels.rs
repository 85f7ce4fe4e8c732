//! How commands change channels.

use std::sync::Arc;

use types::limits::TAGS_MAX;
use types::{ChannelName, CommandMeta, Epoch, Kind, PartitionId, Rejected, Scope};

use super::State;
use crate::channels::{Channel, ChannelStream};
use crate::command::{Command, NewChannelStream};

impl State {
    pub(super) fn apply_to_channels(&mut self, meta: CommandMeta, command: Command) -> Result<(), Rejected> {
        match command {
            Command::CreateChannel { scope, name, id, streams, role_arn, output, freshness_seconds, logging, tags } => {
                self.admit_channel(&scope, &name)?;
                let opened = (0..).zip(streams).map(|(index, stream)| {
                    let NewChannelStream { name, created, format, starts } = stream;
                    let checkpoints = PartitionId::opened_by(meta.offset, index);
                    ChannelStream { name, created, format, starts, checkpoints }
                });
                let channel = Channel {
                    scope: scope.clone(),
                    name: name.clone(),
                    id,
                    epoch: Epoch(meta.offset.0),
                    created: meta.time,
                    streams: opened.collect(),
                    role_arn,
                    output: *output,
                    freshness_seconds,
                    logging,
                    tags,
                };
                self.channels.insert((scope, name), Arc::new(channel));
            }
            Command::UpdateChannel { scope, name, freshness_seconds, logging } => {
                let channel = self.channel_mut(scope, name)?;
                channel.freshness_seconds = freshness_seconds.unwrap_or(channel.freshness_seconds);
                channel.logging = logging.unwrap_or_else(|| channel.logging.clone());
            }
            Command::TagChannel { scope, name, set, remove } => {
                let tags = &mut self.channel_mut(scope, name)?.tags;
                let count = tags.keys().filter(|key| !remove.contains(*key) && !set.contains_key(*key)).count();
                if count + set.len() > TAGS_MAX {
                    let message = format!("A resource has at most {TAGS_MAX} tags.");
                    return Err(Rejected { kind: Kind::Invalid, message });
                }
                tags.retain(|key, _| !remove.contains(key));
                tags.extend(set);
            }
            Command::DeleteChannel { scope, name } => {
                let channel = self.channels.remove(&(scope.clone(), name.clone()));
                let channel = channel.ok_or_else(|| no_channel(&scope, &name))?;
                self.retired.extend(channel.streams.iter().map(|stream| stream.checkpoints));
            }
            // The commands of delivery streams do not come here.
            Command::Create { .. } | Command::Delete { .. } => {}
        }
        Ok(())
    }

    fn channel_mut(&mut self, scope: Scope, name: ChannelName) -> Result<&mut Channel, Rejected> {
        let missing = no_channel(&scope, &name);
        self.channels.get_mut(&(scope, name)).map(Arc::make_mut).ok_or(missing)
    }

    fn admit_channel(&self, scope: &Scope, name: &ChannelName) -> Result<(), Rejected> {
        if self.channels.contains_key(&(scope.clone(), name.clone())) {
            let message = format!("Channel {name} under account {} already exists.", scope.account);
            return Err(Rejected { kind: Kind::InUse, message });
        }
        if self.channels.keys().filter(|(owner, _)| owner == scope).count() >= Channel::COUNT_MAX {
            let message = format!("Account {} already has {} channels.", scope.account, Channel::COUNT_MAX);
            return Err(Rejected { kind: Kind::LimitExceeded, message });
        }
        Ok(())
    }
}

fn no_channel(scope: &Scope, name: &ChannelName) -> Rejected {
    Rejected { kind: Kind::NotFound, message: format!("Channel {name} under account {} not found.", scope.account) }
}
