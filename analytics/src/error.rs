//! The failures of Analytics.

use streams::StreamsError;
use types::{ApplicationName, Kind, Rejected, SubmitError};

use crate::sql::SqlError;

/// Why an operation did not happen; [`AnalyticsError::kind`] says what the caller may do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnalyticsError {
    /// The SQL text is wrong or asks for what is not supported (AWS: CodeValidationException).
    #[error("{0}")]
    Code(#[from] SqlError),
    /// No application of that name.
    #[error("Application {0} does not exist")]
    NotFound(ApplicationName),
    /// The name is taken, or the application's status does not allow the call.
    #[error("{0}")]
    InUse(String),
    /// The request is wrong in itself.
    #[error("{0}")]
    Invalid(String),
    /// The server stops.
    #[error("the server is shutting down")]
    Stopping,
    /// The streams did not do it.
    #[error(transparent)]
    Streams(#[from] StreamsError),
    /// The command log did not do it.
    #[error("{0}")]
    Commands(String),
}

impl AnalyticsError {
    /// What the caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Code(_) | Self::Invalid(_) => Kind::Invalid,
            Self::NotFound(_) => Kind::NotFound,
            Self::InUse(_) => Kind::InUse,
            Self::Stopping => Kind::Unavailable,
            Self::Streams(error) => error.kind(),
            Self::Commands(_) => Kind::Internal,
        }
    }
}

impl From<SubmitError> for AnalyticsError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Rejected(Rejected { kind: Kind::InUse | Kind::NotFound, message }) => Self::InUse(message),
            SubmitError::Rejected(Rejected { kind: Kind::Invalid, message }) => Self::Invalid(message),
            SubmitError::Rejected(rejected) => Self::Commands(rejected.message),
            SubmitError::Log(message) => Self::Commands(message),
        }
    }
}
