//! Registered consumers: readers with a throughput of their own (enhanced fan-out).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use types::{ConsumerArn, ConsumerName, Kind, Scope, StreamName, Timestamp};

use crate::catalog::State;
use crate::command::{StreamCommand, StreamRef};
use crate::tags::check_tags;
use crate::{CommitmentStatus, Stream, StreamMode, Streams, StreamsError};

/// Consumers of an on-demand stream with on-demand advantage.
const ADVANTAGE_CONSUMERS: u32 = 50;
/// How long a consumer that could not settle waits before it tries again.
const RETRY: Duration = Duration::from_millis(500);

/// What a consumer is doing (model shape `ConsumerStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConsumerStatus {
    /// It cannot subscribe yet.
    Creating,
    /// It can subscribe.
    Active,
    /// It is about to be gone.
    Deleting,
}

impl ConsumerStatus {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "CREATING",
            Self::Active => "ACTIVE",
            Self::Deleting => "DELETING",
        }
    }
}

/// One registered consumer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumer {
    /// Its name in the stream.
    pub name: ConsumerName,
    /// When it was registered, whole seconds since 1970; unique for its name.
    pub created_seconds: u64,
    /// What it is doing.
    pub status: ConsumerStatus,
    /// Tags by key.
    pub tags: BTreeMap<String, String>,
    /// Who else may subscribe with it, as the policy's JSON.
    pub policy: Option<String>,
}

impl Consumer {
    /// Its ARN.
    pub fn arn(&self, stream: &Stream) -> ConsumerArn {
        ConsumerArn {
            scope: stream.scope.clone(),
            stream: stream.name.clone(),
            name: self.name.clone(),
            created_seconds: self.created_seconds,
        }
    }

    /// When it was registered.
    pub fn created(&self) -> Timestamp {
        Timestamp(self.created_seconds * 1000)
    }
}

impl Streams {
    /// Registers a consumer; it is CREATING for as long as changes take, and then ACTIVE.
    ///
    /// # Errors
    /// [`StreamsError::InUse`] when the name is taken or the stream does not serve.
    pub async fn register_consumer(
        &self,
        scope: &Scope,
        stream: &StreamName,
        name: ConsumerName,
        tags: BTreeMap<String, String>,
    ) -> Result<Consumer, StreamsError> {
        check_tags(&tags)?;
        let stream = self.stream(scope, stream)?;
        let of = StreamRef::to(&stream);
        let quotas = &self.parts.config.quotas;
        let command = StreamCommand::RegisterConsumer {
            of: of.clone(),
            name: name.clone(),
            tags,
            consumers_max: self.consumers_max(&stream),
            creating_max: quotas.consumers_creating,
            settle: self.settles_at_once(),
        };
        self.submit(command).await?;
        let state = self.parts.catalog.current();
        let registered = consumer(&state, &of, &name)?;
        if registered.status == ConsumerStatus::Creating {
            self.settle_consumer_later(of, name, registered.created_seconds);
        }
        Ok(registered)
    }

    /// Deregisters a consumer: its subscriptions end.
    pub async fn deregister_consumer(&self, arn: &ConsumerArn) -> Result<(), StreamsError> {
        let stream = self.stream(&arn.scope, &arn.stream)?;
        self.consumer(arn)?;
        let of = StreamRef::to(&stream);
        let settle = self.settles_at_once();
        let (name, created_seconds) = (arn.name.clone(), arn.created_seconds);
        self.submit(StreamCommand::DeregisterConsumer { of: of.clone(), name, created_seconds, settle }).await?;
        if !settle {
            self.settle_consumer_later(of, arn.name.clone(), arn.created_seconds);
        }
        Ok(())
    }

    /// The consumer of that ARN and its stream.
    pub fn consumer(&self, arn: &ConsumerArn) -> Result<(std::sync::Arc<Stream>, Consumer), StreamsError> {
        let stream = self.stream(&arn.scope, &arn.stream)?;
        let found = stream.consumers.get(&arn.name).filter(|found| found.created_seconds == arn.created_seconds);
        let found = found.cloned().ok_or_else(|| {
            StreamsError::NotFound(format!("Consumer {}, Stream {} not found.", arn.name, stream.arn()))
        })?;
        Ok((stream, found))
    }

    /// The quota of a stream's consumers: on-demand streams of an account with a commitment may have more (developer
    /// guide, on-demand advantage).
    fn consumers_max(&self, stream: &Stream) -> Option<u32> {
        let quota = self.parts.config.quotas.consumers_per_stream?;
        let committed = self.commitment(&stream.scope).status(self.parts.clock.now()) != CommitmentStatus::Disabled;
        let advantage = committed && stream.mode == StreamMode::OnDemand;
        Some(if advantage { quota.max(ADVANTAGE_CONSUMERS) } else { quota })
    }

    fn settle_consumer_later(&self, of: StreamRef, name: ConsumerName, created_seconds: u64) {
        let streams = self.clone();
        tokio::spawn(async move {
            streams.parts.clock.sleep(streams.parts.config.transition).await;
            let settle = || StreamCommand::SettleConsumer { of: of.clone(), name: name.clone(), created_seconds };
            // A stream that is gone took its consumers with it; everything else passes.
            while let Err(error) = streams.submit(settle()).await {
                if matches!(error.kind(), Kind::NotFound | Kind::Internal) {
                    return;
                }
                streams.parts.clock.sleep(RETRY).await;
            }
        });
    }

    /// Goes on with consumers that a stop left CREATING or DELETING.
    pub(crate) fn resume_consumers(&self) {
        for stream in self.parts.catalog.current().streams() {
            let unsettled = stream.consumers.values().filter(|consumer| consumer.status != ConsumerStatus::Active);
            for consumer in unsettled {
                self.settle_consumer_later(StreamRef::to(stream), consumer.name.clone(), consumer.created_seconds);
            }
        }
    }
}

fn consumer(state: &State, of: &StreamRef, name: &ConsumerName) -> Result<Consumer, StreamsError> {
    let stream = state.stream(&of.scope, &of.name).filter(|stream| stream.epoch == of.epoch);
    let found = stream.and_then(|stream| stream.consumers.get(name)).cloned();
    found.ok_or_else(|| StreamsError::NotFound(format!("Consumer {name} was deregistered at once.")))
}
