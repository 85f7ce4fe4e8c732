//! How a request names its stream: by name in the caller's account and region, by ARN, or by both if they agree.

use std::sync::Arc;

use streams::{Resource, Stream};
use types::{Arn, ResourceType, Scope, ShardId, StreamName};

use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// The stream that a request means; whether it exists is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct WhichStream {
    pub(super) scope: Scope,
    pub(super) name: StreamName,
}

impl WhichStream {
    /// Reads `StreamName` and `StreamARN`; at least one is needed.
    pub(super) fn of(caller: &Caller, name: Option<&str>, arn: Option<&str>) -> Result<Self, ApiError> {
        let by_arn = arn.map(Self::of_arn).transpose()?;
        let by_name = name.map(|name| Self::of_name(caller, name)).transpose()?;
        match (by_name, by_arn) {
            (Some(by_name), Some(by_arn)) if by_name.name != by_arn.name => Err(ApiError::invalid_argument(format!(
                "StreamName {} and the stream of StreamARN, {}, are not the same.",
                by_name.name, by_arn.name
            ))),
            // The ARN says more than the name: whose stream, and where.
            (_, Some(by_arn)) => Ok(by_arn),
            (Some(by_name), None) => Ok(by_name),
            (None, None) => Err(ApiError::invalid_argument("Either StreamName or StreamARN should be provided.")),
        }
    }

    fn of_name(caller: &Caller, name: &str) -> Result<Self, ApiError> {
        let name = StreamName::parse(name).map_err(|error| ApiError::invalid_argument(error.to_string()))?;
        Ok(Self { scope: caller.scope.clone(), name })
    }

    fn of_arn(text: &str) -> Result<Self, ApiError> {
        let arn = Arn::parse(text).map_err(|error| ApiError::invalid_argument(error.to_string()))?;
        if arn.resource_type != ResourceType::Stream {
            return Err(ApiError::invalid_argument(format!("{text} is not the ARN of a stream.")));
        }
        let name = StreamName::parse(&arn.name).map_err(|error| ApiError::invalid_argument(error.to_string()))?;
        Ok(Self { scope: arn.scope, name })
    }

    /// The stream, if it exists and the caller may use it. Who may not use it does not hear whether it exists.
    pub(super) fn find(&self, app: &App, caller: &Caller) -> Result<Arc<Stream>, ApiError> {
        match app.streams.stream(&self.scope, &self.name) {
            Ok(stream) => authorize_stream(caller, &stream).map(|()| stream),
            Err(error) => {
                self.authorize_unmade(caller)?;
                Err(error.into())
            }
        }
    }

    /// The id of a shard as a request names it; AWS reads it before it looks for the stream. Whether the stream has such a
    /// shard is for the operation to say.
    pub(super) fn shard_id(&self, text: Option<&str>) -> Result<ShardId, ApiError> {
        read_shard_id(&self.scope, &self.name, text.unwrap_or_default())
    }

    /// As [`Self::find`], counting the call against the rates of the control plane on the stream.
    pub(super) fn find_counted(&self, app: &App, caller: &Caller) -> Result<Arc<Stream>, ApiError> {
        let stream = self.find(app, caller)?;
        app.streams.admit_stream(&stream, caller.action.operation())?;
        Ok(stream)
    }

    /// Refuses a caller who may not do this to a stream that does not exist, or not yet.
    pub(super) fn authorize_unmade(&self, caller: &Caller) -> Result<(), ApiError> {
        let arn = Arn::new(&self.scope, ResourceType::Stream, self.name.as_str());
        caller.authorize(&arn.to_string(), &self.scope.account, None)
    }
}

/// The stream that a request names, if it exists and the caller may use it.
pub(super) fn find(app: &App, caller: &Caller, name: Option<&str>, arn: Option<&str>) -> Result<Arc<Stream>, ApiError> {
    WhichStream::of(caller, name, arn)?.find_counted(app, caller)
}

/// Refuses a caller who may not use the stream.
pub(super) fn authorize_stream(caller: &Caller, stream: &Stream) -> Result<(), ApiError> {
    let (owner, policy) = (&stream.scope.account, stream.policy.as_deref());
    // The path of every put and get, which needs no ARN made for it.
    if caller.is_free(owner, policy) { Ok(()) } else { caller.authorize(&stream.arn().to_string(), owner, policy) }
}
/// The stream, consumer or queue that an ARN names, if it exists and the caller may use it.
pub(super) fn find_resource(app: &App, caller: &Caller, arn: Option<&str>) -> Result<(Scope, Resource), ApiError> {
    let text = arn.unwrap_or_default();
    let (scope, resource) = Resource::parse(text)?;
    match &resource {
        Resource::Stream(_) => find(app, caller, None, arn).map(|_| ())?,
        Resource::Consumer { .. } => super::which_consumer::by_arn(app, caller, text).map(|_| ())?,
        Resource::Queue(_) => super::which_queue::by_arn(app, caller, arn).map(|_| ())?,
    }
    Ok((scope, resource))
}

/// The id of a shard as a request names it whose stream is known already.
pub(super) fn shard_id(stream: &Stream, text: &str) -> Result<ShardId, ApiError> {
    read_shard_id(&stream.scope, &stream.name, text)
}

fn read_shard_id(scope: &Scope, name: &StreamName, text: &str) -> Result<ShardId, ApiError> {
    lenient_shard_id(text).ok_or_else(|| {
        let account = &scope.account;
        ApiError::not_found(format!("Could not find shard {text} in stream {name} under account {account}."))
    })
}

/// Reads a shard's id as AWS does: what stands behind the last hyphen is its number, whatever stands before it.
pub(super) fn lenient_shard_id(text: &str) -> Option<ShardId> {
    let digits = text.rsplit('-').next()?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok().filter(|number| plain && *number <= i32::MAX as u32)?;
    Some(ShardId(number))
}

#[cfg(test)]
mod tests {
    use types::{AccountId, Region};

    use super::*;

    #[test]
    fn shards_are_named_by_the_number_at_the_end() {
        for (text, number) in [
            ("shardId-000000000007", 7),
            ("shardId-7", 7),
            ("7", 7),
            ("a-b-007", 7),
            ("-0", 0),
            ("2147483647", i32::MAX as u32),
        ] {
            assert_eq!(lenient_shard_id(text), Some(ShardId(number)), "{text}");
        }
        for text in ["", "shardId-", "2147483648", "ABKLFD8", "2.14E4", "7-x", "shardId-+7"] {
            assert_eq!(lenient_shard_id(text), None, "{text}");
        }
    }

    #[test]
    fn name_and_arn_must_agree() {
        let scope =
            Scope { account: AccountId::parse("000000000000").unwrap(), region: Region::parse("us-east-1").unwrap() };
        let caller = Caller::for_test(scope.clone());
        let of = |name, arn| WhichStream::of(&caller, name, arn);
        let arn = Some("arn:aws:kinesis:eu-west-1:000000000000:stream/a");
        assert_eq!(of(Some("a"), None).unwrap(), WhichStream { scope, name: StreamName::parse("a").unwrap() });
        assert_eq!(of(Some("a"), arn).unwrap().scope.region.as_str(), "eu-west-1");
        for (name, arn) in [
            (None, None),
            (Some("b"), arn),
            (None, Some("arn:aws:firehose:eu-west-1:000000000000:deliverystream/a")),
            (None, Some("arn:aws:kinesis:eu-west-1:000000000000:stream/a b")),
        ] {
            assert_eq!(of(name, arn).unwrap_err().code, "InvalidArgumentException", "{name:?} {arn:?}");
        }
    }
}
