//! What tells the services apart on the wire.

/// A service, as its signature, its `X-Amz-Target` and its host name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Kinesis,
    Firehose,
    Analytics,
    DynamoDb,
}

impl Service {
    pub(super) fn signing_name(self) -> &'static str {
        match self {
            Self::Kinesis => wire::kinesis::SIGNING_NAME,
            Self::Firehose => wire::firehose::SIGNING_NAME,
            Self::Analytics => wire::analytics::SIGNING_NAME,
            Self::DynamoDb => wire::dynamodb::SIGNING_NAME,
        }
    }

    pub(super) fn target_prefix(self) -> &'static str {
        match self {
            Self::Kinesis => wire::kinesis::TARGET_PREFIX,
            Self::Firehose => wire::firehose::TARGET_PREFIX,
            Self::Analytics => wire::analytics::TARGET_PREFIX,
            Self::DynamoDb => wire::dynamodb::TARGET_PREFIX,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::DynamoDb => "application/x-amz-json-1.0",
            Self::Kinesis | Self::Firehose | Self::Analytics => "application/x-amz-json-1.1",
        }
    }

    /// Its name in the variables and profile sections that set an endpoint (SDK reference guide, service ids).
    pub(super) fn endpoint_id(self) -> &'static str {
        match self {
            Self::Kinesis => "kinesis",
            Self::Firehose => "firehose",
            Self::Analytics => "kinesis_analytics_v2",
            Self::DynamoDb => "dynamodb",
        }
    }

    /// Where AWS answers.
    pub(super) fn aws_url(self, region: &str) -> String {
        let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://{}.{region}.{suffix}", self.signing_name())
    }
}
