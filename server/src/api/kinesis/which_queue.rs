//! How a request names its queue, by ARN, and what the answers about queues share.

use std::sync::Arc;
use std::time::Duration;

use streams::{
    Queue, QueueAction, QueueAttributes, QueueChange, QueueRefusal, QueueStart, Receive, Shelf, StreamsError,
};
use types::{Arn, Kind, QueueName, ResourceType};
use wire::kinesis::{
    DeadLetterConfiguration, QueueDescription, QueueRecord, QueueStartingPosition, QueueStreamConfiguration,
};
use wire::{Blob, Timestamp, error_code};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// Defaults of the two receives (API reference).
const LIMIT_DEFAULT: usize = 10;
const WAIT_SECONDS_DEFAULT: u64 = 9;
/// Receipts before a record is a dead letter, where the request says BUILT_IN and no number.
const RECEIVES_MAX_DEFAULT: u32 = 6;

/// The queue of an ARN, if it exists and the caller may use it.
pub(super) fn by_arn(app: &App, caller: &Caller, arn: Option<&str>) -> Result<Arc<Queue>, ApiError> {
    let text = arn.unwrap_or_default();
    let invalid = || ApiError::invalid_argument(format!("{text} is not the ARN of a queue."));
    let arn = Arn::parse(text).ok().filter(|arn| arn.resource_type == ResourceType::Queue).ok_or_else(invalid)?;
    let name = QueueName::parse(&arn.name).map_err(|_| invalid())?;
    match app.streams.queue(&arn.scope, &name) {
        Ok(queue) => {
            let (owner, policy) = (&queue.scope.account, queue.policy.as_deref());
            // The path of every receive, which needs no ARN made for it.
            if !caller.is_free(owner, policy) {
                caller.authorize(&queue.arn().to_string(), owner, policy)?;
            }
            Ok(queue)
        }
        // Who may not use it does not hear whether it exists.
        Err(error) => {
            caller.authorize(&arn.to_string(), &arn.scope.account, None)?;
            Err(error.into())
        }
    }
}

/// The operations on records have an exception of their own for a server that is over its rate.
pub(super) fn data_error(error: StreamsError) -> ApiError {
    match error.kind() {
        Kind::Throttled => ApiError::new(error_code::THROTTLING, error.to_string()),
        _ => error.into(),
    }
}

/// What a request says about attributes, with BUILT_IN and NONE read.
pub(super) fn attributes_of(input: Option<wire::kinesis::QueueAttributes>) -> Result<QueueChange, ApiError> {
    let input = input.unwrap_or_default();
    let count = |count: Option<i32>| count.and_then(|count| u32::try_from(count).ok());
    let receives_max = match &input.dead_letter_configuration {
        None => None,
        Some(DeadLetterConfiguration { target_type, max_receive_count }) => match target_type.as_deref() {
            Some("NONE") if max_receive_count.is_some() => {
                return Err(ApiError::invalid_argument("MaxReceiveCount cannot be given with TargetType NONE."));
            }
            Some("NONE") => Some(None),
            _ => Some(Some(count(*max_receive_count).unwrap_or(RECEIVES_MAX_DEFAULT))),
        },
    };
    Ok(QueueChange { visibility_seconds: count(input.visibility_timeout_seconds), receives_max })
}

fn attributes(attributes: QueueAttributes) -> wire::kinesis::QueueAttributes {
    let count = |count: u32| i32::try_from(count).unwrap_or(i32::MAX);
    let target = if attributes.receives_max.is_some() { "BUILT_IN" } else { "NONE" };
    wire::kinesis::QueueAttributes {
        visibility_timeout_seconds: Some(count(attributes.visibility_seconds)),
        dead_letter_configuration: Some(DeadLetterConfiguration {
            target_type: Some(target.into()),
            max_receive_count: attributes.receives_max.map(count),
        }),
    }
}

/// AWS shows creation times in whole seconds.
pub(super) fn creation_time(queue: &Queue) -> Timestamp {
    Timestamp((queue.created.seconds() * 1000) as i64)
}

pub(super) fn description(queue: &Queue) -> QueueDescription {
    let (kind, timestamp) = match queue.start {
        QueueStart::TrimHorizon => ("TRIM_HORIZON", None),
        QueueStart::Latest => ("LATEST", None),
        QueueStart::AtTimestamp(time) => ("AT_TIMESTAMP", Some(Timestamp(time.0 as i64))),
    };
    QueueDescription {
        queue_name: Some(queue.name.to_string()),
        queue_arn: Some(queue.arn().to_string()),
        queue_status: Some(queue.status.as_str().into()),
        queue_creation_timestamp: Some(creation_time(queue)),
        stream_configuration_list: Some(vec![QueueStreamConfiguration {
            stream_arn: Some(queue.stream_arn().to_string()),
            starting_position: Some(QueueStartingPosition { r#type: Some(kind.into()), timestamp }),
        }]),
        queue_attributes: Some(attributes(queue.attributes)),
    }
}

/// The members that both receives have.
pub(super) struct Asked {
    pub(super) limit: Option<i32>,
    pub(super) wait_seconds: Option<i32>,
    pub(super) visibility_seconds: Option<i32>,
}

impl Asked {
    /// Receives records, or waits for some.
    pub(super) async fn receive(self, app: &App, queue: &Queue, shelf: Shelf) -> Result<Vec<QueueRecord>, ApiError> {
        let seconds = |seconds: i32| u64::try_from(seconds).unwrap_or(0);
        let ask = Receive {
            shelf,
            limit: self.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(LIMIT_DEFAULT),
            wait: Duration::from_secs(self.wait_seconds.map_or(WAIT_SECONDS_DEFAULT, seconds)),
            visibility: self.visibility_seconds.map(|given| Duration::from_secs(seconds(given))),
        };
        let records = app.streams.receive_queue_records(queue, ask).await.map_err(data_error)?;
        Ok(records.into_iter().map(record).collect())
    }
}

fn record(received: streams::QueueRecord) -> QueueRecord {
    QueueRecord {
        receipt_handle: Some(received.handle),
        record_id: Some(received.id),
        partition_key: Some(received.record.partition_key).filter(|key| !key.is_empty()),
        data: Some(Blob(received.record.data)),
        approximate_arrival_timestamp: Some(Timestamp(received.record.arrival.0 as i64)),
        first_receive_timestamp: Some(Timestamp(received.first_received.0 as i64)),
        receive_count: Some(i32::try_from(received.received).unwrap_or(i32::MAX)),
    }
}

/// What became of each entry of a request, by receipt handle.
pub(super) struct Settled {
    pub(super) successful: Vec<String>,
    /// With the error's code and its text.
    pub(super) failed: Vec<(String, &'static str, String)>,
}

/// Does something with received records; an entry that cannot be does not keep the others from it.
pub(super) async fn settle(
    app: &App,
    queue: &Queue,
    shelf: Shelf,
    entries: impl Iterator<Item = (Option<String>, QueueAction)>,
) -> Result<Settled, ApiError> {
    let entries: Vec<_> = entries.map(|(handle, action)| (handle.unwrap_or_default(), action)).collect();
    let asked: Vec<_> = entries.iter().map(|(handle, action)| (handle.as_str(), *action)).collect();
    let done = app.streams.settle_queue_records(queue, shelf, &asked).await.map_err(data_error)?;
    let mut settled = Settled { successful: Vec::new(), failed: Vec::new() };
    for ((handle, _), done) in entries.into_iter().zip(done) {
        match done {
            Ok(()) => settled.successful.push(handle),
            Err(refusal) => settled.failed.push((handle, entry_code(refusal), refusal.to_string())),
        }
    }
    Ok(settled)
}

/// Entries bear the names of exceptions, as those of PutRecords do.
fn entry_code(refusal: QueueRefusal) -> &'static str {
    match refusal {
        QueueRefusal::Invalid => error_code::INVALID_ARGUMENT,
        QueueRefusal::Stale => error_code::RESOURCE_NOT_FOUND,
    }
}

/// The span of an UpdateVisibility entry; the model requires it.
pub(super) fn hide(seconds: Option<i32>) -> QueueAction {
    QueueAction::Hide(Duration::from_secs(seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0)))
}
