//! Shapes that more than one answer holds.

use std::collections::{BTreeMap, BTreeSet};

use streams::{Commitment, CommitmentStatus, Distribution, Shard, ShardMetric, Stream, StreamMode};
use types::HashRange;
use wire::Timestamp;
use wire::kinesis::{
    Consumer, EnhancedMetrics, HashKeyRange, MinimumThroughputBillingCommitmentOutput, SequenceNumberRange,
    StreamModeDetails, Tag, WarmThroughputObject,
};

use crate::error::ApiError;

pub(super) fn shard(shard: &Shard) -> wire::kinesis::Shard {
    let mut parents = shard.parents.iter().map(ToString::to_string);
    wire::kinesis::Shard {
        shard_id: Some(shard.id.to_string()),
        parent_shard_id: parents.next(),
        adjacent_parent_shard_id: parents.next(),
        hash_key_range: Some(hash_key_range(shard.range)),
        sequence_number_range: Some(SequenceNumberRange {
            starting_sequence_number: Some(shard.starting_sequence_number().to_string()),
            ending_sequence_number: shard.ending_sequence_number().map(|number| number.to_string()),
        }),
    }
}

pub(super) fn hash_key_range(range: HashRange) -> HashKeyRange {
    HashKeyRange { starting_hash_key: Some(range.start.to_string()), ending_hash_key: Some(range.end.to_string()) }
}

pub(super) fn mode_details(mode: StreamMode) -> StreamModeDetails {
    let mode = match mode {
        StreamMode::Provisioned => "PROVISIONED",
        StreamMode::OnDemand => "ON_DEMAND",
    };
    StreamModeDetails { stream_mode: Some(mode.into()) }
}

/// The mode that a request asks for; provisioned when it says nothing.
pub(super) fn mode_of(details: Option<&StreamModeDetails>) -> StreamMode {
    match details.and_then(|details| details.stream_mode.as_deref()) {
        Some("ON_DEMAND") => StreamMode::OnDemand,
        _ => StreamMode::Provisioned,
    }
}

pub(super) fn distribution_of(name: Option<&str>) -> Distribution {
    if name == Some("AUTO") { Distribution::Auto } else { Distribution::UserPartitionKey }
}

/// Only on-demand streams have a choice, so only they show it.
pub(super) fn distribution(stream: &Stream) -> Option<String> {
    let name = match stream.distribution {
        Distribution::UserPartitionKey => "USER_PARTITION_KEY",
        Distribution::Auto => "AUTO",
    };
    (stream.mode == StreamMode::OnDemand).then(|| name.into())
}

pub(super) fn warm_throughput(stream: &Stream) -> Option<WarmThroughputObject> {
    let target = to_count(stream.warm_mibps? as usize);
    let ready = to_count(stream.open_shards().len());
    Some(WarmThroughputObject { target_mibps: Some(target), current_mibps: Some(target.min(ready)) })
}

/// The metrics that names stand for; `ALL` for every one. The model lets no other names through.
pub(super) fn metrics(names: &[String]) -> BTreeSet<ShardMetric> {
    let asked = |metric: &ShardMetric| names.iter().any(|name| name == "ALL" || name == metric.as_str());
    ShardMetric::ALL.into_iter().filter(asked).collect()
}

pub(super) fn metric_names(metrics: &BTreeSet<ShardMetric>) -> Vec<String> {
    metrics.iter().map(|metric| metric.as_str().to_owned()).collect()
}

/// One entry, also when no metric is on: AWS answers so.
pub(super) fn enhanced_monitoring(stream: &Stream) -> Vec<EnhancedMetrics> {
    vec![EnhancedMetrics { shard_level_metrics: Some(metric_names(&stream.monitoring)) }]
}

/// The encryption that new records get, and the key that the user named.
pub(super) fn encryption(stream: &Stream) -> (Option<String>, Option<String>) {
    match stream.keys.current() {
        None => (Some("NONE".into()), None),
        Some((_, key)) => (Some("KMS".into()), Some(key.key_id.clone())),
    }
}

/// The encryption that answers to puts name: they keep silent about records in the clear.
pub(super) fn encryption_of_puts(stream: &Stream) -> Option<String> {
    stream.keys.current().map(|_| "KMS".into())
}

pub(super) fn tag_list(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

pub(super) fn consumer(stream: &Stream, consumer: &streams::Consumer) -> Consumer {
    Consumer {
        consumer_name: Some(consumer.name.to_string()),
        consumer_arn: Some(consumer.arn(stream).to_string()),
        consumer_status: Some(consumer.status.as_str().into()),
        consumer_creation_timestamp: Some(Timestamp(consumer.created().0 as i64)),
    }
}

pub(super) fn commitment(settings: Commitment, now: types::Timestamp) -> MinimumThroughputBillingCommitmentOutput {
    let status = settings.status(now);
    let time = |time: Option<types::Timestamp>| time.map(|time| Timestamp(time.0 as i64));
    let ended = status == CommitmentStatus::Disabled;
    MinimumThroughputBillingCommitmentOutput {
        status: Some(
            match status {
                CommitmentStatus::Enabled => "ENABLED",
                CommitmentStatus::EnabledUntilEarliestAllowedEnd => "ENABLED_UNTIL_EARLIEST_ALLOWED_END",
                CommitmentStatus::Disabled => "DISABLED",
            }
            .into(),
        ),
        started_at: time(settings.started),
        ended_at: time(settings.ends.filter(|_| ended)),
        earliest_allowed_end_at: time(settings.earliest_end().filter(|_| !ended)),
    }
}

/// Refuses a creation time that belongs to another incarnation of the stream.
pub(super) fn is_created(stream: &Stream, time: Timestamp) -> Result<(), ApiError> {
    if time.0 / 1000 == creation_time(stream).0 / 1000 {
        return Ok(());
    }
    let (name, account) = (&stream.name, &stream.scope.account);
    Err(ApiError::not_found(format!("Stream {name} under account {account} was not created at that time.")))
}

/// AWS shows creation times in whole seconds, and takes them back as such.
pub(super) fn creation_time(stream: &Stream) -> Timestamp {
    Timestamp((stream.created.seconds() * 1000) as i64)
}

pub(super) fn retention_hours(stream: &Stream) -> i32 {
    to_count((stream.retention.as_secs() / 3600) as usize)
}

/// A count in the model's 32 bits.
pub(super) fn to_count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
