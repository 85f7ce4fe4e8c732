//! The failures of CloudWatch.

use log::LogError;
use types::Kind;

/// Why a call did nothing. The texts are what CloudWatch says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudWatchError {
    /// One parameter is wrong in itself.
    #[error("{0}")]
    InvalidValue(String),
    /// Parameters that do not go together.
    #[error("{0}")]
    InvalidCombination(String),
    /// A parameter that must be there is not.
    #[error("{0}")]
    Missing(String),
    /// A page token that was not made here.
    #[error("{0}")]
    InvalidToken(String),
    /// More is being put than the log takes: back off.
    #[error("Rate exceeded")]
    Throttled,
    /// The log did not do it.
    #[error(transparent)]
    Log(LogError),
    /// The metrics' partition of the log holds what this version cannot read.
    #[error("metrics record {offset} cannot be read: {message}")]
    Unreadable {
        /// Where it is in the partition.
        offset: u64,
        /// What the reader said.
        message: String,
    },
    /// The server is stopping.
    #[error("the metrics are not written any more")]
    Stopped,
}

impl CloudWatchError {
    /// What the caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::InvalidValue(_) | Self::InvalidCombination(_) | Self::Missing(_) | Self::InvalidToken(_) => {
                Kind::Invalid
            }
            Self::Throttled => Kind::Throttled,
            Self::Log(error) => error.kind(),
            Self::Unreadable { .. } => Kind::Internal,
            Self::Stopped => Kind::Unavailable,
        }
    }
}

impl From<LogError> for CloudWatchError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Overloaded => Self::Throttled,
            LogError::Stopped(_) => Self::Stopped,
            other => Self::Log(other),
        }
    }
}
