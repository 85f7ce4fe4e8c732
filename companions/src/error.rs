//! The failures of the companions.

use std::sync::Arc;

use types::{Kind, Rejected, SubmitError};

use crate::dynamodb::Item;

/// Why an operation did not happen; [`CompanionsError::kind`] says what the caller may do.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CompanionsError {
    /// The request is wrong in itself (AWS: ValidationException or InvalidParameterValueException).
    #[error("{0}")]
    Invalid(String),
    /// No such table or index (AWS: ResourceNotFoundException).
    #[error("{0}")]
    NotFound(String),
    /// The name is taken (AWS: ResourceInUseException).
    #[error("{0}")]
    InUse(String),
    /// A quota is used up (AWS: LimitExceededException).
    #[error("{0}")]
    LimitExceeded(String),
    /// The item is not as the condition wants it (AWS: ConditionalCheckFailedException).
    #[error("The conditional request failed")]
    ConditionFailed {
        /// The item as it was found.
        item: Option<Arc<Item>>,
    },
    /// One write of a transaction failed, so none happened (AWS: TransactionCanceledException).
    #[error(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        .0.iter().map(CancellationReason::code).collect::<Vec<_>>().join(", ")
    )]
    TransactionCanceled(Vec<CancellationReason>),
    /// Another transaction had the same token (AWS: IdempotentParameterMismatchException).
    #[error("The request uses the same client token as a previous, but non-identical request.")]
    IdempotentParameterMismatch,
    /// The command log did not do it.
    #[error("{0}")]
    Commands(String),
}

/// Why one write of a transaction did not happen; in the order of the writes.
#[derive(Debug, Clone, PartialEq)]
pub enum CancellationReason {
    /// It would have.
    None,
    /// Its condition failed.
    ConditionFailed {
        /// The item as it was found.
        item: Option<Arc<Item>>,
    },
    /// It does not go with the item.
    Invalid(String),
}

impl CancellationReason {
    /// AWS's code for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::None => "None",
            Self::ConditionFailed { .. } => "ConditionalCheckFailed",
            Self::Invalid(_) => "ValidationError",
        }
    }
}

impl CompanionsError {
    /// What the caller may do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Invalid(_) | Self::IdempotentParameterMismatch => Kind::Invalid,
            Self::NotFound(_) => Kind::NotFound,
            Self::InUse(_) => Kind::InUse,
            Self::LimitExceeded(_) => Kind::LimitExceeded,
            Self::ConditionFailed { .. } | Self::TransactionCanceled(_) => Kind::Conflict,
            Self::Commands(_) => Kind::Internal,
        }
    }

    /// No such table, in the words of the item operations.
    pub(crate) fn no_such_table() -> Self {
        Self::NotFound("Requested resource not found".into())
    }
}

impl From<CompanionsError> for Rejected {
    fn from(error: CompanionsError) -> Self {
        Self { kind: error.kind(), message: error.to_string() }
    }
}

/// For commands whose refusal says everything; the outcome of a write comes another way (`dynamodb/waiting.rs`).
impl From<SubmitError> for CompanionsError {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Log(message) => Self::Commands(message),
            SubmitError::Rejected(Rejected { kind, message }) => match kind {
                Kind::NotFound => Self::NotFound(message),
                Kind::InUse => Self::InUse(message),
                Kind::Invalid => Self::Invalid(message),
                Kind::LimitExceeded => Self::LimitExceeded(message),
                _ => Self::Commands(message),
            },
        }
    }
}
