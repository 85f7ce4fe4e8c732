//! The failures of Analytics.

use streams::StreamsError;
use types::{ApplicationName, Kind, Rejected, Scope, SubmitError};

use crate::SqlError;

/// Why an operation did not happen; [`AnalyticsError::kind`] says what the caller may do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnalyticsError {
    /// No application of that name.
    #[error("Application {name} under account {} not found.", scope.account)]
    NotFound {
        /// Where it was looked for.
        scope: Scope,
        /// Its name.
        name: ApplicationName,
    },
    /// The name is taken, or the status does not allow the call.
    #[error("{0}")]
    InUse(String),
    /// The request is wrong in itself.
    #[error("{0}")]
    Invalid(String),
    /// The SQL text is refused.
    #[error("{0}")]
    Code(#[from] SqlError),
    /// A quota would be passed.
    #[error("{0}")]
    LimitExceeded(String),
    /// A stream or the log did not do it.
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
    /// The server stops.
    #[error("The service is shutting down. Retry the request.")]
    Stopping,
}

impl AnalyticsError {
    /// What the caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } => Kind::NotFound,
            Self::InUse(_) => Kind::InUse,
            Self::Invalid(_) | Self::Code(_) => Kind::Invalid,
            Self::LimitExceeded(_) => Kind::LimitExceeded,
            Self::Streams(error) => error.kind(),
            Self::Commands { kind, .. } => *kind,
            Self::Stopping => Kind::Unavailable,
        }
    }

    /// A refused command, as the state machine said it.
    pub(crate) fn submitted(error: SubmitError, scope: &Scope, name: &ApplicationName) -> Self {
        match error {
            SubmitError::Log { kind, message } => Self::Commands { kind, message },
            SubmitError::Rejected(Rejected { kind, message }) => match kind {
                Kind::NotFound => Self::NotFound { scope: scope.clone(), name: name.clone() },
                Kind::InUse => Self::InUse(message),
                Kind::LimitExceeded => Self::LimitExceeded(message),
                kind => Self::Commands { kind, message },
            },
        }
    }
}
