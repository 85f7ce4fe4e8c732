//! The failures of Data Streams.

use log::LogError;
use types::{Kind, Rejected, SubmitError};

/// Why an operation did not happen; [`StreamsError::kind`] says what the caller may do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StreamsError {
    /// No stream, shard or consumer of that name.
    #[error("{0}")]
    NotFound(String),
    /// The name is taken, or the state does not allow the call.
    #[error("{0}")]
    InUse(String),
    /// The request is wrong in itself (AWS: InvalidArgumentException).
    #[error("{0}")]
    Invalid(String),
    /// The operation does not fit the mode of the stream (AWS: ValidationException).
    #[error("{0}")]
    Unsupported(String),
    /// A quota would be passed.
    #[error("{0}")]
    LimitExceeded(String),
    /// A shard is over its rate (AWS: ProvisionedThroughputExceededException).
    #[error("{0}")]
    Throttled(String),
    /// The iterator is older than five minutes.
    #[error("{0}")]
    ExpiredIterator(String),
    /// The page token is older than five minutes.
    #[error("{0}")]
    ExpiredToken(String),
    /// The log did not do it.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The command log did not do it.
    #[error("{0}")]
    Commands(String),
}

impl StreamsError {
    /// What the caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound(_) => Kind::NotFound,
            Self::InUse(_) => Kind::InUse,
            Self::Invalid(_) => Kind::Invalid,
            Self::Unsupported(_) => Kind::Unsupported,
            Self::LimitExceeded(_) => Kind::LimitExceeded,
            Self::Throttled(_) => Kind::Throttled,
            Self::ExpiredIterator(_) | Self::ExpiredToken(_) => Kind::Expired,
            Self::Log(error) => error.kind(),
            Self::Commands(_) => Kind::Internal,
        }
    }
}

impl From<SubmitError> for StreamsError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(rejected) => rejected.into(),
            SubmitError::Log(message) => Self::Commands(message),
        }
    }
}

impl From<Rejected> for StreamsError {
    fn from(Rejected { kind, message }: Rejected) -> Self {
        match kind {
            Kind::NotFound => Self::NotFound(message),
            Kind::InUse => Self::InUse(message),
            Kind::LimitExceeded => Self::LimitExceeded(message),
            Kind::Invalid => Self::Invalid(message),
            Kind::Unsupported => Self::Unsupported(message),
            _ => Self::Commands(message),
        }
    }
}
