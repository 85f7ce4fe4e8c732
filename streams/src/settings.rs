//! Control operations that change a setting of a stream.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::{Scope, StreamName, limits};

use crate::account::CommitmentStatus;
use crate::command::{Change, StreamCommand, StreamRef};
use crate::resource::Resource;
use crate::tags::check_tags;
use crate::{Distribution, ShardMetric, Stream, StreamMode, Streams, StreamsError};

const RETENTION_HOURS_MIN: i32 = 24;
const RETENTION_HOURS_MAX: i32 = 8760;

impl Streams {
    /// Keeps the records of a stream for that many hours; `longer` says whether the caller means to raise it.
    pub async fn set_retention(
        &self,
        scope: &Scope,
        name: &StreamName,
        hours: i32,
        longer: bool,
    ) -> Result<(), StreamsError> {
        let bound = |what: &str, limit: i32, which: &str| {
            StreamsError::Invalid(format!(
                "{what} allowed retention period is {limit} hours. Requested retention period ({hours} hours) is too {which}."
            ))
        };
        if hours < RETENTION_HOURS_MIN {
            return Err(bound("Minimum", RETENTION_HOURS_MIN, "short"));
        }
        if hours > RETENTION_HOURS_MAX {
            return Err(bound("Maximum", RETENTION_HOURS_MAX, "long"));
        }
        let hours = u32::try_from(hours).unwrap_or(0);
        self.change(scope, name, Change::Retention { hours, longer, now: Some(self.parts.clock.now()) }).await?;
        let stream = self.stream(scope, name)?;
        self.trim_stream(&stream).await;
        Ok(())
    }

    /// Takes records of up to `kib` KiB from now on.
    pub async fn set_record_kib_max(&self, scope: &Scope, name: &StreamName, kib: u32) -> Result<(), StreamsError> {
        self.change(scope, name, Change::RecordBytesMax((kib as usize) << 10)).await
    }

    /// Switches how the capacity of a stream is decided.
    pub async fn set_mode(
        &self,
        scope: &Scope,
        name: &StreamName,
        mode: StreamMode,
        warm_mibps: Option<u32>,
    ) -> Result<(), StreamsError> {
        if warm_mibps.is_some() {
            self.check_warm(scope, mode)?;
        }
        let quotas = &self.parts.config.quotas;
        let (on_demand_max, per_day) = (quotas.on_demand_streams, quotas.mode_switches_per_day);
        self.change(scope, name, Change::Mode { mode, warm_mibps, on_demand_max, per_day }).await
    }

    /// Keeps `mibps` MiB/s of write capacity ready on an on-demand stream; answers what was ready before.
    pub async fn set_warm_throughput(
        &self,
        scope: &Scope,
        name: &StreamName,
        mibps: u32,
    ) -> Result<Option<u32>, StreamsError> {
        let before = self.stream(scope, name)?;
        self.check_warm(scope, before.mode)?;
        self.change(scope, name, Change::Warm { mibps }).await?;
        self.scale_to_warm(scope, name).await?;
        Ok(before.warm_mibps)
    }

    /// Warm throughput is an on-demand advantage: it needs the account's commitment (API reference).
    pub(crate) fn check_warm(&self, scope: &Scope, mode: StreamMode) -> Result<(), StreamsError> {
        if mode != StreamMode::OnDemand {
            return Err(StreamsError::Unsupported("Warm throughput needs a stream in ON_DEMAND mode.".into()));
        }
        if self.commitment(scope).status(self.parts.clock.now()) == CommitmentStatus::Disabled {
            return Err(StreamsError::Unsupported(
                "Warm throughput needs the account's MinimumThroughputBillingCommitment to be ENABLED.".into(),
            ));
        }
        Ok(())
    }

    /// Places records by their keys or as the service likes.
    pub async fn set_distribution(
        &self,
        scope: &Scope,
        name: &StreamName,
        distribution: Distribution,
    ) -> Result<(), StreamsError> {
        self.change(scope, name, Change::Distribution(distribution)).await
    }

    /// Switches shard-level metrics on or off; answers those that were on before and those that are on now.
    pub async fn set_monitoring(
        &self,
        scope: &Scope,
        name: &StreamName,
        metrics: BTreeSet<ShardMetric>,
        on: bool,
    ) -> Result<(Arc<Stream>, BTreeSet<ShardMetric>), StreamsError> {
        let before = self.stream(scope, name)?.monitoring.clone();
        self.change(scope, name, Change::Monitoring { metrics, on }).await?;
        Ok((self.stream(scope, name)?, before))
    }

    /// Adds and removes tags of a resource.
    pub async fn tag(
        &self,
        scope: &Scope,
        resource: Resource,
        set: BTreeMap<String, String>,
        remove: BTreeSet<String>,
    ) -> Result<(), StreamsError> {
        check_tags(&set)?;
        self.submit(StreamCommand::Tag { scope: scope.clone(), resource, set, remove }).await
    }

    /// The tags of a resource.
    pub fn tags(&self, scope: &Scope, resource: &Resource) -> Result<BTreeMap<String, String>, StreamsError> {
        Ok(match resource {
            Resource::Stream(name) => self.stream(scope, name)?.tags.clone(),
            Resource::Consumer { .. } => self.registered(scope, resource)?.tags,
            Resource::Queue(name) => self.queue(scope, name)?.tags.clone(),
        })
    }

    /// Sets the policy of a resource, or removes it.
    pub async fn set_policy(
        &self,
        scope: &Scope,
        resource: Resource,
        policy: Option<String>,
    ) -> Result<(), StreamsError> {
        self.submit(StreamCommand::Policy { scope: scope.clone(), resource, policy }).await
    }

    /// The policy of a resource, if it has one.
    pub fn policy(&self, scope: &Scope, resource: &Resource) -> Result<Option<String>, StreamsError> {
        Ok(match resource {
            Resource::Stream(name) => self.stream(scope, name)?.policy.clone(),
            Resource::Consumer { .. } => self.registered(scope, resource)?.policy,
            Resource::Queue(name) => self.queue(scope, name)?.policy.clone(),
        })
    }

    fn registered(&self, scope: &Scope, resource: &Resource) -> Result<crate::Consumer, StreamsError> {
        let Resource::Consumer { stream, name, created_seconds } = resource else {
            return Err(StreamsError::Invalid("Not the ARN of a consumer.".into()));
        };
        let (stream, name) = (stream.clone(), name.clone());
        let arn = types::ConsumerArn { scope: scope.clone(), stream, name, created_seconds: *created_seconds };
        self.consumer(&arn).map(|(_, consumer)| consumer)
    }

    /// Makes a change; with a transition time the stream is UPDATING after it.
    pub(crate) async fn change(&self, scope: &Scope, name: &StreamName, change: Change) -> Result<(), StreamsError> {
        let of = StreamRef::to(&*self.stream(scope, name)?);
        let settle = self.settles_at_once();
        self.submit(StreamCommand::Change { of: of.clone(), change, settle }).await?;
        self.drive(of).await;
        Ok(())
    }

    /// Opens as many shards as warm throughput needs: one for each MiB/s of writes.
    async fn scale_to_warm(&self, scope: &Scope, name: &StreamName) -> Result<(), StreamsError> {
        let stream = self.stream(scope, name)?;
        let wanted = stream.warm_mibps.unwrap_or(0).min(limits::SHARDS_PER_STREAM_MAX);
        if wanted as usize <= stream.open.len() || !self.settles_at_once() {
            return Ok(());
        }
        let request = crate::command::ReshardRequest::Scale { shard_count: wanted };
        self.reshard(scope, name, request, true).await
    }
}
