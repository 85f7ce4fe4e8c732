//! Shapes that more than one answer holds.

use streams::{Shard, Stream, StreamMode};
use types::HashRange;
use wire::Timestamp;
use wire::kinesis::{EnhancedMetrics, HashKeyRange, SequenceNumberRange, StreamModeDetails};

use crate::app::App;

/// Every stream is in this state: creation is complete when CreateStream is answered, and so is deletion.
pub(super) const ACTIVE: &str = "ACTIVE";
/// Nothing is encrypted under a key of the user's.
pub(super) const NOT_ENCRYPTED: &str = "NONE";

pub(super) fn shard(app: &App, shard: &Shard) -> wire::kinesis::Shard {
    let mut parents = shard.parents.iter().map(ToString::to_string);
    wire::kinesis::Shard {
        shard_id: Some(shard.id.to_string()),
        parent_shard_id: parents.next(),
        adjacent_parent_shard_id: parents.next(),
        hash_key_range: Some(hash_key_range(shard.range)),
        sequence_number_range: Some(SequenceNumberRange {
            starting_sequence_number: Some(shard.starting_sequence_number().to_string()),
            ending_sequence_number: app.streams.ending_sequence_number(shard).map(|number| number.to_string()),
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

/// One entry without metrics, as AWS answers when no enhanced monitoring is on.
pub(super) fn no_enhanced_monitoring() -> Vec<EnhancedMetrics> {
    vec![EnhancedMetrics { shard_level_metrics: Some(Vec::new()) }]
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
