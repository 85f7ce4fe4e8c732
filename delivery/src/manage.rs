//! Create, delete, describe and list delivery streams.

use std::sync::Arc;

use bytes::Bytes;
use streams::Stream;
use types::{Command as Submission, DeliveryStreamName, Domain, Kind, Offset, PartitionId, Scope};

use crate::catalog::DeliveryStream;
use crate::command::Command;
use crate::config::{CreateDeliveryStream, SourceConfig};
use crate::error::DeliveryError;
use crate::service::Delivery;
use crate::validate;

/// A page of delivery streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPage {
    /// The delivery streams, in order of name.
    pub streams: Vec<Arc<DeliveryStream>>,
    /// Whether there are more after the last one.
    pub has_more: bool,
}

impl Delivery {
    /// Creates a delivery stream; it is ACTIVE when this returns, and every record that its source takes from then on
    /// is delivered.
    pub async fn create(
        &self,
        scope: &Scope,
        request: CreateDeliveryStream,
    ) -> Result<Arc<DeliveryStream>, DeliveryError> {
        validate::check(scope, &request)?;
        if self.is_stopping() {
            return Err(DeliveryError::Stopping);
        }
        let starts = match &request.source {
            SourceConfig::DirectPut { .. } => vec![],
            SourceConfig::Stream { scope, stream, .. } => {
                let found = self.parts.streams.stream(scope, stream).map_err(|error| match error.kind() {
                    // CreateDeliveryStream knows no ResourceNotFoundException.
                    Kind::NotFound => DeliveryError::Invalid(error.to_string()),
                    _ => error.into(),
                })?;
                self.ends_of(&found).await?
            }
        };
        let name = request.name;
        let create = Command::Create {
            scope: scope.clone(),
            name: name.clone(),
            source: request.source,
            destination: Box::new(request.destination),
            tags: request.tags,
            starts,
        };
        self.submit(&create).await?;
        let stream = self.describe(scope, &name)?;
        self.start_delivery_stream(&stream);
        Ok(stream)
    }

    /// Deletes a delivery stream. What is in memory is delivered if that works at once; the rest is dropped.
    pub async fn delete(&self, scope: &Scope, name: &DeliveryStreamName) -> Result<(), DeliveryError> {
        let stream = self.describe(scope, name)?;
        self.submit(&Command::Delete { scope: scope.clone(), name: name.clone() }).await?;
        self.retire(stream.arn(), vec![stream.checkpoints, stream.buffer]);
        Ok(())
    }

    /// The delivery stream of that name.
    pub fn describe(&self, scope: &Scope, name: &DeliveryStreamName) -> Result<Arc<DeliveryStream>, DeliveryError> {
        let not_found = || DeliveryError::NotFound { scope: scope.clone(), name: name.clone() };
        self.parts.catalog.get(scope, name).ok_or_else(not_found)
    }

    /// The delivery streams after `after` that `is_wanted`, at most `limit`, in order of name.
    pub fn list(
        &self,
        scope: &Scope,
        after: Option<&DeliveryStreamName>,
        limit: usize,
        is_wanted: impl Fn(&SourceConfig) -> bool,
    ) -> StreamPage {
        let mut streams = self.parts.catalog.of_scope(scope, after);
        streams.retain(|stream| is_wanted(&stream.source));
        let has_more = streams.len() > limit;
        streams.truncate(limit);
        StreamPage { streams, has_more }
    }

    /// The end of every shard of a source stream now. It goes into the command, so that a restart right after creation
    /// still begins there.
    pub(crate) async fn ends_of(&self, stream: &Stream) -> Result<Vec<(PartitionId, Offset)>, DeliveryError> {
        let mut ends = Vec::with_capacity(stream.shards.len());
        for shard in &stream.shards {
            let cursor = self.parts.streams.shard_cursor(stream, shard, streams::Start::Latest).await?;
            ends.push((shard.partition, cursor.position()));
        }
        Ok(ends)
    }

    pub(crate) async fn submit(&self, command: &Command) -> Result<(), DeliveryError> {
        let body = serde_json::to_vec(command)
            .map_err(|error| DeliveryError::Commands { kind: Kind::Internal, message: error.to_string() })?;
        self.parts.commands.submit(Submission { domain: Domain::Delivery, body: Bytes::from(body) }).await?;
        Ok(())
    }
}
