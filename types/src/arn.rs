//! Amazon resource names of the resources that Thalweg owns.

use std::fmt;

use crate::{AccountId, Region, Scope};

/// The service and resource kind in an ARN, such as `kinesis` and `stream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceType {
    /// `arn:aws:kinesis:…:stream/NAME`
    Stream,
    /// `arn:aws:firehose:…:deliverystream/NAME`
    DeliveryStream,
    /// `arn:aws:kinesisanalytics:…:application/NAME`
    Application,
}

impl ResourceType {
    const ALL: [Self; 3] = [Self::Stream, Self::DeliveryStream, Self::Application];

    fn service(self) -> &'static str {
        match self {
            Self::Stream => "kinesis",
            Self::DeliveryStream => "firehose",
            Self::Application => "kinesisanalytics",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::DeliveryStream => "deliverystream",
            Self::Application => "application",
        }
    }
}

/// One resource of one account in one region, `arn:aws:SERVICE:REGION:ACCOUNT:KIND/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arn {
    /// Owner and region.
    pub scope: Scope,
    /// What kind of resource.
    pub resource_type: ResourceType,
    /// The name after the slash, not yet checked against the kind's pattern.
    pub name: String,
}

/// A text that is not the ARN of a resource that Thalweg knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ARN of a stream, delivery stream or application")]
pub struct ArnError(pub String);

impl Arn {
    /// The ARN of a resource.
    pub fn new(scope: &Scope, resource_type: ResourceType, name: &str) -> Self {
        Self { scope: scope.clone(), resource_type, name: name.into() }
    }

    /// Reads an ARN; any partition that starts with `aws` is taken.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        Self::split(text).ok_or_else(|| ArnError(text.into()))
    }

    fn split(text: &str) -> Option<Self> {
        let mut parts = text.splitn(6, ':');
        let (arn, partition) = (parts.next()?, parts.next()?);
        let (service, region, account) = (parts.next()?, parts.next()?, parts.next()?);
        let (kind, name) = parts.next()?.split_once('/')?;
        if arn != "arn" || !partition.starts_with("aws") || name.is_empty() {
            return None;
        }
        let resource_type = ResourceType::ALL.into_iter().find(|t| t.service() == service && t.prefix() == kind)?;
        let scope = Scope { account: AccountId::parse(account).ok()?, region: Region::parse(region).ok()? };
        Some(Self { scope, resource_type, name: name.into() })
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, prefix) = (self.resource_type.service(), self.resource_type.prefix());
        write!(f, "arn:aws:{service}:{}:{}:{prefix}/{}", self.scope.region, self.scope.account, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form_round_trips() {
        for text in [
            "arn:aws:kinesis:us-east-1:000000000000:stream/orders",
            "arn:aws:firehose:eu-west-1:123456789012:deliverystream/to-s3",
            "arn:aws:kinesisanalytics:us-east-1:000000000000:application/avg",
        ] {
            assert_eq!(Arn::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn strangers_are_refused() {
        for text in ["", "arn:aws:s3:::bucket", "arn:aws:kinesis:us-east-1:0:stream/", "arn:gcp:kinesis:r:0:stream/x"] {
            assert!(Arn::parse(text).is_err(), "{text:?}");
        }
    }
}
