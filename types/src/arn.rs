//! Amazon resource names of the resources that Thalweg owns.

use std::fmt;

use crate::{AccountId, ConsumerName, Region, Scope, StreamName};

/// The service and resource kind in an ARN, such as `kinesis` and `stream`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResourceType {
    /// `arn:aws:kinesis:…:stream/NAME`
    Stream,
    /// `arn:aws:kinesis:…:queue/NAME`
    Queue,
    /// `arn:aws:kinesis:…:channel/NAME`
    Channel,
    /// `arn:aws:firehose:…:deliverystream/NAME`
    DeliveryStream,
    /// `arn:aws:kinesisanalytics:…:application/NAME`
    Application,
}

impl ResourceType {
    const ALL: [Self; 5] = [Self::Stream, Self::Queue, Self::Channel, Self::DeliveryStream, Self::Application];

    fn service(self) -> &'static str {
        match self {
            Self::Stream | Self::Queue | Self::Channel => "kinesis",
            Self::DeliveryStream => "firehose",
            Self::Application => "kinesisanalytics",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Stream => "stream",
            Self::Queue => "queue",
            Self::Channel => "channel",
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
#[error("{0:?} is not an ARN of a resource of this server")]
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

/// A registered consumer, `STREAM_ARN/consumer/NAME:CREATED`: registering a name again gives another ARN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerArn {
    /// Owner and region.
    pub scope: Scope,
    /// The stream it reads.
    pub stream: StreamName,
    /// Its name in the stream.
    pub name: ConsumerName,
    /// When it was registered, in seconds since 1970.
    pub created_seconds: u64,
}

impl ConsumerArn {
    /// Reads the ARN of a consumer.
    pub fn parse(text: &str) -> Result<Self, ArnError> {
        Self::split(text).ok_or_else(|| ArnError(text.into()))
    }

    fn split(text: &str) -> Option<Self> {
        let arn = Arn::split(text).filter(|arn| arn.resource_type == ResourceType::Stream)?;
        let (stream, rest) = arn.name.split_once("/consumer/")?;
        let (name, created) = rest.rsplit_once(':')?;
        Some(Self {
            stream: StreamName::parse(stream).ok()?,
            name: ConsumerName::parse(name).ok()?,
            created_seconds: created.parse().ok()?,
            scope: arn.scope,
        })
    }
}

impl fmt::Display for ConsumerArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stream = Arn::new(&self.scope, ResourceType::Stream, self.stream.as_str());
        write!(f, "{stream}/consumer/{}:{}", self.name, self.created_seconds)
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
    fn consumers_have_arns_below_their_stream() {
        let text = "arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/app:1700000000";
        let arn = ConsumerArn::parse(text).unwrap();
        assert_eq!((arn.name.as_str(), arn.created_seconds), ("app", 1_700_000_000));
        assert_eq!(arn.to_string(), text);
        for text in ["arn:aws:kinesis:us-east-1:000000000000:stream/orders", "arn:aws:kinesis:r:0:stream/o/consumer/a"]
        {
            assert!(ConsumerArn::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn strangers_are_refused() {
        for text in ["", "arn:aws:s3:::bucket", "arn:aws:kinesis:us-east-1:0:stream/", "arn:gcp:kinesis:r:0:stream/x"] {
            assert!(Arn::parse(text).is_err(), "{text:?}");
        }
    }
}
