//! Create, describe, list, change and delete channels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use streams::{Stream, StreamMode};
use types::{ChannelName, Scope, StreamName, new_uuid};

use super::{Channel, ChannelSource, CreateChannel, UpdateChannel, validate};
use crate::command::{Command, NewChannelStream};
use crate::error::DeliveryError;
use crate::flow::Flow;
use crate::service::Delivery;
use crate::validate::{check_logging, invalid};

/// A page of channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelPage {
    /// The channels, in order of name.
    pub channels: Vec<Arc<Channel>>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

impl Delivery {
    /// Creates a channel; it is ACTIVE when this returns, and every record that its streams take from then on is
    /// delivered.
    pub async fn create_channel(&self, scope: &Scope, request: CreateChannel) -> Result<Arc<Channel>, DeliveryError> {
        validate::check(scope, &request)?;
        if self.is_stopping() {
            return Err(DeliveryError::Stopping);
        }
        let mut streams = Vec::with_capacity(request.streams.len());
        for source in &request.streams {
            streams.push(self.open_stream(source).await?);
        }
        let name = request.name;
        let create = Command::CreateChannel {
            scope: scope.clone(),
            name: name.clone(),
            id: new_uuid(&*self.parts.random).simple().to_string(),
            streams,
            role_arn: request.role_arn,
            output: Box::new(request.output),
            freshness_seconds: request.freshness_seconds.unwrap_or(Channel::FRESHNESS_SECONDS),
            logging: request.logging,
            tags: request.tags,
        };
        self.submit(&create).await?;
        let channel = self.channel(scope, &name)?;
        self.start_channel(&channel);
        Ok(channel)
    }

    /// The channel of that name.
    pub fn channel(&self, scope: &Scope, name: &ChannelName) -> Result<Arc<Channel>, DeliveryError> {
        let not_found = || DeliveryError::NoChannel { scope: scope.clone(), name: name.clone() };
        self.parts.catalog.channel(scope, name).ok_or_else(not_found)
    }

    /// The channels after `after` that `is_wanted`, at most `limit`, in order of name.
    pub fn list_channels(
        &self,
        scope: &Scope,
        after: Option<&ChannelName>,
        limit: usize,
        is_wanted: impl Fn(&Channel) -> bool,
    ) -> ChannelPage {
        let mut channels = self.parts.catalog.channels_of(scope);
        channels.retain(|channel| after.is_none_or(|after| channel.name > *after) && is_wanted(channel));
        let has_more = channels.len() > limit;
        channels.truncate(limit);
        ChannelPage { channels, has_more }
    }

    /// How many channels the account has in the region.
    pub fn channel_count(&self, scope: &Scope) -> usize {
        self.parts.catalog.channels_of(scope).len()
    }

    /// How many channels read a stream.
    pub fn channels_on(&self, scope: &Scope, stream: &StreamName) -> usize {
        self.parts.catalog.channels_of(scope).iter().filter(|channel| channel.reads(scope, stream, |_| true)).count()
    }

    /// Changes how long records wait, or where AWS would log. A new wait holds for records that wait already.
    pub async fn update_channel(
        &self,
        scope: &Scope,
        name: &ChannelName,
        request: UpdateChannel,
    ) -> Result<Arc<Channel>, DeliveryError> {
        let UpdateChannel { freshness_seconds, logging } = request;
        if freshness_seconds.is_none() && logging.is_none() {
            return invalid("UpdateChannel must change DataFreshnessInSeconds or LoggingConfiguration.");
        }
        freshness_seconds.map_or(Ok(()), validate::check_freshness)?;
        logging.as_ref().map_or(Ok(()), check_logging)?;
        let update = Command::UpdateChannel { scope: scope.clone(), name: name.clone(), freshness_seconds, logging };
        self.submit(&update).await?;
        let channel = self.channel(scope, name)?;
        self.tell_freshness(&channel);
        Ok(channel)
    }

    /// Adds tags and takes some away.
    pub async fn tag_channel(
        &self,
        channel: &Channel,
        set: BTreeMap<String, String>,
        remove: BTreeSet<String>,
    ) -> Result<(), DeliveryError> {
        streams::check_tags(&set)?;
        self.submit(&Command::TagChannel { scope: channel.scope.clone(), name: channel.name.clone(), set, remove })
            .await
    }

    /// Deletes a channel. What is in memory is delivered if that works at once; the rest stays in its streams only.
    pub async fn delete_channel(&self, scope: &Scope, name: &ChannelName) -> Result<(), DeliveryError> {
        let channel = self.channel(scope, name)?;
        self.submit(&Command::DeleteChannel { scope: scope.clone(), name: name.clone() }).await?;
        self.retire(channel.arn(), channel.streams.iter().map(|stream| stream.checkpoints).collect());
        Ok(())
    }

    /// Starts the workers of a channel, one for each stream.
    pub(crate) fn start_channel(&self, channel: &Channel) {
        match Flow::of_channel(channel) {
            Ok(flows) => flows.into_iter().for_each(|flow| self.start(flow)),
            // Checked at creation, as for a delivery stream.
            Err(error) => {
                tracing::error!(owner = %channel.arn(), %error, "the channel cannot name its objects and stands still");
            }
        }
        // It may have been changed while its workers started.
        self.tell_freshness(channel);
    }

    /// Where a channel that is created now starts to read a stream.
    async fn open_stream(&self, source: &ChannelSource) -> Result<NewChannelStream, DeliveryError> {
        let found: Arc<Stream> = self.parts.streams.stream(&source.scope, &source.stream)?;
        if found.mode != StreamMode::OnDemand {
            return invalid(format!("Stream {} is not an on-demand stream; channels read no others.", source.stream));
        }
        let (created, starts) = (found.created, self.ends_of(&found).await?);
        Ok(NewChannelStream { name: source.stream.clone(), created, format: source.format, starts })
    }
}
