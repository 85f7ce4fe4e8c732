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
            (None, None) => Err(ApiError::invalid_argument("Either StreamName or StreamARN must be given.")),
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

    /// Refuses a caller who may not do this to a stream that does not exist, or not yet.
    pub(super) fn authorize_unmade(&self, caller: &Caller) -> Result<(), ApiError> {
        let arn = Arn::new(&self.scope, ResourceType::Stream, self.name.as_str());
        caller.authorize(&arn.to_string(), &self.scope.account, None)
    }
}

/// The stream that a request names, if it exists and the caller may use it.
pub(super) fn find(app: &App, caller: &Caller, name: Option<&str>, arn: Option<&str>) -> Result<Arc<Stream>, ApiError> {
    let stream = WhichStream::of(caller, name, arn)?.find(app, caller)?;
    app.streams.admit_stream(&stream, caller.action.operation())?;
    Ok(stream)
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

/// The id of a shard as a request names it; whether the stream has it is for the operation to say.
pub(super) fn shard_id(stream: &Stream, text: &str) -> Result<ShardId, ApiError> {
    ShardId::parse(text).ok_or_else(|| {
        let (name, account) = (&stream.name, &stream.scope.account);
        ApiError::not_found(format!("Could not find shard {text} in stream {name} under account {account}."))
    })
}

#[cfg(test)]
mod tests {
    use types::{AccountId, Region};

    use super::*;

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
