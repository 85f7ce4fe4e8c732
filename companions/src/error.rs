//! The failures of the companions.

use types::{Kind, SubmitError};

/// Why an operation did not happen; [`CompanionsError::kind`] says what the caller may do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CompanionsError {
    /// The request is wrong in itself (AWS: ValidationException or InvalidParameterValueException).
    #[error("{0}")]
    Invalid(String),
    /// The command log did not do it.
    #[error("{0}")]
    Commands(String),
}

impl CompanionsError {
    /// What the caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) => Kind::Invalid,
            Self::Commands(_) => Kind::Internal,
        }
    }
}

impl From<SubmitError> for CompanionsError {
    fn from(error: SubmitError) -> Self {
        Self::Commands(error.to_string())
    }
}
