//! The one map from the domains' errors to AWS codes.
//!
//! Handlers return [`ApiError`]; `?` on a domain's error goes through here. Every code and its status stands in
//! `wire::error_code`. Faults of the server are logged here with their cause and shown without it.

use analytics::AnalyticsError;
use companions::CompanionsError;
use companions::cloudwatch::CloudWatchError;
use delivery::DeliveryError;
use streams::{MasterKeyError, StreamsError};
use types::Kind;
use wire::sigv4::SignatureError;
use wire::{DecodeError, error_code};

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// The exception's name, sent in the body and in `x-amzn-ErrorType`.
    pub(crate) code: &'static str,
    /// The HTTP status.
    pub(crate) status: u16,
    /// What the caller reads.
    pub(crate) message: String,
    /// Further members of the body with their JSON.
    pub(crate) members: Vec<(&'static str, String)>,
}

impl ApiError {
    /// An error with the status that its code has.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, status: error_code::status(code), message: message.into(), members: Vec::new() }
    }

    /// Adds a member to the body, as DynamoDB's `CancellationReasons`; only JSON answers carry it.
    pub(crate) fn with_member<T: wire::Encode>(mut self, name: &'static str, value: &T) -> Self {
        self.members.push((name, String::from_utf8_lossy(&wire::json::encode(value)).into_owned()));
        self
    }

    /// The meaning of an argument is wrong.
    pub(crate) fn invalid_argument(message: impl Into<String>) -> Self {
        Self::new(error_code::INVALID_ARGUMENT, message)
    }

    /// The model's constraints, or constraints like them, are broken.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(error_code::VALIDATION, message)
    }

    /// No such resource.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(error_code::RESOURCE_NOT_FOUND, message)
    }

    /// No such operation, or one that is not built; AWS says no more.
    pub(crate) fn unknown_operation() -> Self {
        Self::new(error_code::UNKNOWN_OPERATION, "")
    }

    /// A dry run that would have succeeded.
    pub(crate) fn dry_run() -> Self {
        Self::new(error_code::DRY_RUN_OPERATION, "The request would have succeeded, but the DryRun flag is set.")
    }

    /// The error of Firehose or Analytics. They have no throttling exception; SDKs retry the one for unavailability.
    fn of_kind(kind: Kind, error: &dyn std::fmt::Display) -> Self {
        let code = match kind {
            Kind::NotFound => error_code::RESOURCE_NOT_FOUND,
            Kind::InUse => error_code::RESOURCE_IN_USE,
            Kind::Invalid | Kind::Expired | Kind::Unsupported => error_code::INVALID_ARGUMENT,
            Kind::LimitExceeded => error_code::LIMIT_EXCEEDED,
            Kind::Conflict => error_code::CONCURRENT_MODIFICATION,
            Kind::Throttled | Kind::Unavailable => error_code::SERVICE_UNAVAILABLE_EXCEPTION,
            Kind::Internal => return Self::internal(error),
        };
        Self::new(code, error.to_string())
    }

    /// A fault of the server; the caller cannot act on its cause, so that goes to the log only.
    pub(crate) fn internal(cause: &dyn std::fmt::Display) -> Self {
        tracing::error!(%cause, "request failed by a fault of the server");
        Self::new(error_code::INTERNAL_FAILURE, "The request processing has failed because of an internal failure.")
    }
}

impl From<StreamsError> for ApiError {
    fn from(error: StreamsError) -> Self {
        let code = match &error {
            StreamsError::ExpiredToken(_) => error_code::EXPIRED_NEXT_TOKEN,
            StreamsError::Kms { problem, .. } => kms_code(*problem),
            _ => match error.kind() {
                Kind::NotFound => error_code::RESOURCE_NOT_FOUND,
                Kind::InUse => error_code::RESOURCE_IN_USE,
                Kind::Invalid => error_code::INVALID_ARGUMENT,
                Kind::Unsupported => error_code::VALIDATION,
                Kind::LimitExceeded => error_code::LIMIT_EXCEEDED,
                Kind::Throttled => error_code::PROVISIONED_THROUGHPUT_EXCEEDED,
                Kind::Expired => error_code::EXPIRED_ITERATOR,
                Kind::Conflict => error_code::RESOURCE_IN_USE,
                Kind::Unavailable => error_code::SERVICE_UNAVAILABLE,
                Kind::Internal => return Self::internal(&error),
            },
        };
        Self::new(code, error.to_string())
    }
}

fn kms_code(problem: MasterKeyError) -> &'static str {
    match problem {
        MasterKeyError::NotFound => error_code::KMS_NOT_FOUND,
        MasterKeyError::AccessDenied => error_code::KMS_ACCESS_DENIED,
        MasterKeyError::Disabled => error_code::KMS_DISABLED,
        MasterKeyError::InvalidState => error_code::KMS_INVALID_STATE,
        MasterKeyError::Throttled => error_code::KMS_THROTTLING,
        MasterKeyError::OptInRequired => error_code::KMS_OPT_IN_REQUIRED,
    }
}

impl From<DeliveryError> for ApiError {
    fn from(error: DeliveryError) -> Self {
        Self::of_kind(error.kind(), &error)
    }
}

impl From<AnalyticsError> for ApiError {
    fn from(error: AnalyticsError) -> Self {
        match error {
            AnalyticsError::Code(refused) => Self::new(error_code::CODE_VALIDATION, refused.to_string()),
            other => Self::of_kind(other.kind(), &other),
        }
    }
}

/// DynamoDB's. Items and reasons that an error shows are added by the handlers, which know what was asked for.
impl From<CompanionsError> for ApiError {
    fn from(error: CompanionsError) -> Self {
        let code = match &error {
            CompanionsError::Invalid(_) => error_code::VALIDATION,
            CompanionsError::NotFound(_) => error_code::RESOURCE_NOT_FOUND,
            CompanionsError::InUse(_) => error_code::RESOURCE_IN_USE,
            CompanionsError::LimitExceeded(_) => error_code::LIMIT_EXCEEDED,
            CompanionsError::ConditionFailed { .. } => "ConditionalCheckFailedException",
            CompanionsError::TransactionCanceled(_) => "TransactionCanceledException",
            CompanionsError::IdempotentParameterMismatch => "IdempotentParameterMismatchException",
            CompanionsError::Unavailable(_) => error_code::SERVICE_UNAVAILABLE,
            CompanionsError::Commands(_) => return Self::internal(&error),
        };
        Self::new(code, error.to_string())
    }
}

impl From<CloudWatchError> for ApiError {
    fn from(error: CloudWatchError) -> Self {
        let code = match &error {
            CloudWatchError::InvalidValue(_) => error_code::INVALID_PARAMETER_VALUE,
            CloudWatchError::InvalidCombination(_) => error_code::INVALID_PARAMETER_COMBINATION,
            CloudWatchError::Missing(_) => error_code::MISSING_REQUIRED_PARAMETER,
            CloudWatchError::InvalidToken(_) => "InvalidNextToken",
            CloudWatchError::Throttled => error_code::THROTTLING,
            CloudWatchError::Stopped => error_code::SERVICE_UNAVAILABLE,
            CloudWatchError::Log(_) | CloudWatchError::Unreadable { .. } => {
                tracing::error!(%error, "CloudWatch failed by a fault of the server");
                return Self::new(error_code::INTERNAL_SERVICE_FAULT, "The request failed by a fault of the server.");
            }
        };
        Self::new(code, error.to_string())
    }
}

impl From<SignatureError> for ApiError {
    fn from(error: SignatureError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<DecodeError> for ApiError {
    fn from(error: DecodeError) -> Self {
        let message = match error {
            DecodeError::WrongType(message) => message,
            // AWS says no more of it than that.
            DecodeError::Malformed(cause) => {
                tracing::debug!(cause, "request body is malformed");
                String::new()
            }
        };
        Self::new(error_code::SERIALIZATION, message)
    }
}
