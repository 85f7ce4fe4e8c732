//! The failures of Data Streams.

use log::LogError;
use types::{Kind, Rejected, SubmitError};

use crate::MasterKeyError;

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
    /// The master key of an encrypted stream cannot be used now (AWS: one exception for each problem).
    #[error("{message}")]
    Kms {
        /// What is the matter with the key.
        problem: MasterKeyError,
        /// Which key and stream.
        message: String,
    },
    /// A sealed record does not open although its key is there: it was changed in the log, or is of a newer release.
    #[error("what is sealed does not open: {0}")]
    Sealed(String),
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
            Self::Kms { .. } => Kind::Unavailable,
            Self::Sealed(_) => Kind::Internal,
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
            // Answered as a put is that the log did not take.
            SubmitError::Log { kind: Kind::Throttled, .. } => Self::Log(LogError::Overloaded),
            SubmitError::Log { kind: Kind::Unavailable, message } => Self::Log(LogError::Stopped(message)),
            SubmitError::Log { message, .. } => Self::Commands(message),
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
