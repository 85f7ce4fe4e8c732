//! From the target of a request to its handler.
//!
//! Owns: which target belongs to which service. Refuses: what an operation does (`api/<service>/`, read it next).

use wire::error_code::{MessageMember, SERIALIZATION};

use crate::api;
use crate::app::App;
use crate::auth::Caller;
use crate::error::ApiError;

/// The services behind this endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Kinesis,
    Firehose,
    Analytics,
}

impl Service {
    const ALL: [Self; 3] = [Self::Kinesis, Self::Firehose, Self::Analytics];

    fn target_prefix(self) -> &'static str {
        match self {
            Self::Kinesis => wire::kinesis::TARGET_PREFIX,
            Self::Firehose => wire::firehose::TARGET_PREFIX,
            Self::Analytics => wire::analytics::TARGET_PREFIX,
        }
    }

    /// The service's name in the scope of a signature.
    pub(crate) fn signing_name(self) -> &'static str {
        match self {
            Self::Kinesis => wire::kinesis::SIGNING_NAME,
            Self::Firehose => wire::firehose::SIGNING_NAME,
            Self::Analytics => wire::analytics::SIGNING_NAME,
        }
    }

    fn known(self) -> &'static [&'static str] {
        match self {
            Self::Kinesis => wire::kinesis::OPERATIONS,
            Self::Firehose => wire::firehose::OPERATIONS,
            Self::Analytics => wire::analytics::OPERATIONS,
        }
    }

    fn built(self) -> &'static [&'static str] {
        match self {
            Self::Kinesis => wire::kinesis::BUILT,
            Self::Firehose => wire::firehose::BUILT,
            Self::Analytics => wire::analytics::BUILT,
        }
    }

    /// How the service spells the message of that error.
    pub(crate) fn message_member(self, code: &str) -> MessageMember {
        if self == Self::Analytics || code == SERIALIZATION { MessageMember::Upper } else { MessageMember::Lower }
    }
}

/// An operation that is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) service: Service,
    pub(crate) operation: &'static str,
}

impl Target {
    /// Reads `X-Amz-Target`, `Kinesis_20131202.PutRecord`; `None` for what is not served.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (prefix, name) = text.split_once('.')?;
        let service = Service::ALL.into_iter().find(|service| service.target_prefix() == prefix)?;
        if let Some(operation) = service.built().iter().find(|operation| **operation == name) {
            return Some(Self { service, operation });
        }
        // Both get the same answer; the log tells a client that is ahead of us from one that is wrong.
        match service.known().iter().find(|operation| **operation == name) {
            Some(operation) => tracing::warn!(?service, operation, "operation is not built yet"),
            None => tracing::debug!(?service, "operation is unknown"),
        }
        None
    }

    /// Decodes, validates, handles and encodes.
    pub(crate) async fn call(self, app: &App, caller: &Caller, body: &[u8]) -> Result<Vec<u8>, ApiError> {
        let Caller { access_key_id, scope, .. } = caller;
        tracing::debug!(service = ?self.service, operation = self.operation, access_key_id, region = %scope.region, "request accepted");
        match self.service {
            Service::Kinesis => api::kinesis::call(app, caller, self.operation, body).await,
            Service::Firehose => api::firehose::call(app, caller, self.operation, body).await,
            Service::Analytics => api::analytics::call(app, caller, self.operation, body).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_built_operations_have_a_target() {
        let target = Target::parse("Firehose_20150804.PutRecord").unwrap();
        assert_eq!((target.service, target.operation), (Service::Firehose, "PutRecord"));
        for text in [
            "",
            "Kinesis_20131202",
            "Kinesis_20131202.",
            "Firehose_20150804.UpdateDestination",
            "Kinesis_20131202.Nope",
            "X.PutRecord",
        ] {
            assert_eq!(Target::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn messages_are_spelled_as_the_service_does() {
        assert_eq!(Service::Kinesis.message_member("ValidationException"), MessageMember::Lower);
        assert_eq!(Service::Kinesis.message_member(SERIALIZATION), MessageMember::Upper);
        assert_eq!(Service::Analytics.message_member("ValidationException"), MessageMember::Upper);
    }
}
