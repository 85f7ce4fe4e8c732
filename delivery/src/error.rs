//! The failures of Firehose.

use streams::StreamsError;
use types::{ChannelName, DeliveryStreamName, Kind, Rejected, Scope, SubmitError};

/// Why an operation did not happen; [`DeliveryError::kind`] says what the caller may do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// No delivery stream of that name in the account and region.
    #[error("Firehose {name} under account {} not found.", scope.account)]
    NotFound {
        /// Where it was looked for.
        scope: Scope,
        /// What was looked for.
        name: DeliveryStreamName,
    },
    /// No channel of that name in the account and region.
    #[error("Channel {name} under account {} not found.", scope.account)]
    NoChannel {
        /// Where it was looked for.
        scope: Scope,
        /// What was looked for.
        name: ChannelName,
    },
    /// The request is wrong in itself (AWS: InvalidArgumentException).
    #[error("{0}")]
    Invalid(String),
    /// The state does not allow it: the name is taken, a quota is used up, or the delivery stream is gone.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The server is shutting down.
    #[error("Service is shutting down. Retry the request.")]
    Stopping,
    /// The log under it did not do it.
    #[error(transparent)]
    Streams(#[from] StreamsError),
    /// The command log did not do it.
    #[error("{message}")]
    Commands {
        /// What the caller may do about it.
        kind: Kind,
        /// Why.
        message: String,
    },
}

impl DeliveryError {
    /// What the caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } | Self::NoChannel { .. } => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::Rejected(rejected) => rejected.kind,
            Self::Stopping => Kind::Unavailable,
            Self::Streams(error) => error.kind(),
            Self::Commands { kind, .. } => *kind,
        }
    }
}

impl From<SubmitError> for DeliveryError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(rejected) => Self::Rejected(rejected),
            SubmitError::Log { kind, message } => Self::Commands { kind, message },
        }
    }
}
