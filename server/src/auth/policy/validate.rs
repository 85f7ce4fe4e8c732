//! What a policy must look like to be kept on a stream, a consumer or a queue.

use super::document::{Choice, Policy, Statement};
use super::pattern::fits_ignoring_case;
use crate::auth::Action;

/// What a policy is attached to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResourceKind {
    Stream,
    Consumer,
    Queue,
}

impl ResourceKind {
    /// What another account can be allowed to do: read, write and look, never change or delete.
    fn actions(self) -> &'static [&'static str] {
        match self {
            Self::Stream => &[
                "DescribeStream",
                "DescribeStreamConsumer",
                "DescribeStreamSummary",
                "GetRecords",
                "GetShardIterator",
                "ListShards",
                "ListStreamConsumers",
                "PutRecord",
                "PutRecords",
                "RegisterStreamConsumer",
                "SubscribeToShard",
            ],
            Self::Consumer => &["DescribeStreamConsumer", "SubscribeToShard"],
            Self::Queue => &[
                "AcknowledgeDeadLetterQueueRecords",
                "AcknowledgeQueueRecords",
                "DescribeQueue",
                "ReceiveDeadLetterQueueRecords",
                "ReceiveQueueRecords",
                "RestoreDeadLetterQueueRecords",
                "UpdateDeadLetterQueueRecordsVisibility",
                "UpdateQueueRecordsVisibility",
            ],
        }
    }
}

/// Whether the owner of a resource can share that action at all, so that `kinesis:*` lends nobody DeleteStream.
pub(crate) fn is_shareable(action: Action) -> bool {
    [ResourceKind::Stream, ResourceKind::Consumer, ResourceKind::Queue]
        .into_iter()
        .any(|kind| action.service() == "kinesis" && kind.actions().contains(&action.operation()))
}

/// Checks the text of PutResourcePolicy for the resource with that ARN; the error is the text for an
/// InvalidArgumentException.
pub(crate) fn validate(text: &str, kind: ResourceKind, arn: &str) -> Result<(), String> {
    let policy = Policy::parse(text).map_err(|error| format!("Invalid policy: {error}."))?;
    for (index, statement) in policy.statements.iter().enumerate() {
        check(statement, kind, arn)
            .map_err(|problem| format!("Invalid policy: Statement {}: {problem}.", index + 1))?;
    }
    Ok(())
}

fn check(statement: &Statement, kind: ResourceKind, arn: &str) -> Result<(), String> {
    if statement.principals.is_none() {
        return Err("Principal or NotPrincipal is needed".into());
    }
    match &statement.resources {
        Some(Choice::These(list)) => {
            if let Some(other) = list.iter().find(|resource| resource.as_str() != arn) {
                let other = other.as_str();
                return Err(format!("Resource {other:.256} is not the resource that the policy is for, {arn}"));
            }
        }
        _ => return Err(format!("Resource must be the resource that the policy is for, {arn}")),
    }
    match &statement.actions {
        // To deny everything but a few things is sound; to allow that is to allow what nobody thought of.
        Choice::AllBut(_) if statement.allows => Err("NotAction cannot be used with Allow".into()),
        Choice::AllBut(_) => Ok(()),
        Choice::These(list) => match list.iter().find(|pattern| !shares(kind, pattern)) {
            Some(other) => Err(format!("{other:.128} is not an action that can be given on this resource")),
            None => Ok(()),
        },
    }
}

/// Whether a pattern names at least one action that makes sense on the resource.
fn shares(kind: ResourceKind, pattern: &str) -> bool {
    kind.actions().iter().any(|operation| fits_ignoring_case(pattern, &format!("kinesis:{operation}")))
}
