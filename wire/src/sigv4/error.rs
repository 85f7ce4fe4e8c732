//! Why a signature was refused, in the words and names of AWS.

use crate::error_code;

/// A request that does not prove who sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It carries no signature at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// It carries part of one, or one of a kind that is not served.
    #[error("{0}")]
    Incomplete(String),
    /// It was made with another secret, for another time, service or content.
    #[error("{0}")]
    Invalid(String),
    /// Nobody has that access key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
}

impl SignatureError {
    /// The code of the error answer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => error_code::MISSING_AUTHENTICATION_TOKEN,
            Self::Incomplete(_) => error_code::INCOMPLETE_SIGNATURE,
            Self::Invalid(_) => error_code::INVALID_SIGNATURE,
            Self::UnknownKey => error_code::UNRECOGNIZED_CLIENT,
        }
    }

    /// The one answer for a wrong signature; it tells nothing about what differs.
    pub(super) fn mismatch() -> Self {
        Self::Invalid(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details."
                .into(),
        )
    }
}
