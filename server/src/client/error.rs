//! Why there is no client, or no answer, in one line that says what to do next.

use std::path::PathBuf;
use std::time::Duration;

use crate::keys::KeysError;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a call has no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error("{operation} failed with {status} {code}: {message}{}", advice(code))]
    Refused { operation: &'static str, status: u16, code: String, message: String },
    #[error(
        "{operation} was not answered by {url}: {}; is the server running, and is this its address?",
        innermost(source)
    )]
    Http { operation: &'static str, url: String, source: hyper_util::client::legacy::Error },
    #[error("the answer to {operation} could not be read: {source}")]
    Body { operation: &'static str, source: Source },
    #[error("the answer to {operation} is not what the API describes; is this a Kinesis endpoint?")]
    Shape { operation: &'static str },
    #[error("{operation} took longer than {limit:?}; try again, or check the network")]
    Late { operation: &'static str, limit: Duration },
    #[error(
        "no AWS credentials were found ({}); set them as for the AWS CLI, or for a local server: eval \"$(thalweg env)\"",
        innermost(&**source)
    )]
    Credentials { source: Source },
}

/// Why it is not known whom to call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("no region is set; give --region or set AWS_REGION")]
    NoRegion,
    #[error("{url:?} is not a URL such as http://127.0.0.1:4567")]
    Url { url: String },
    #[error("certificates cannot be read from {}: {reason}; check AWS_CA_BUNDLE", path.display())]
    CaBundle { path: PathBuf, reason: String },
    #[error("the certificates of the system cannot be read: {0}; name a file of them in AWS_CA_BUNDLE")]
    Roots(std::io::Error),
    #[error(transparent)]
    Keys(#[from] KeysError),
}

impl CallError {
    /// Whether the service answered with this error code.
    pub(crate) fn is(&self, expected: &str) -> bool {
        matches!(self, Self::Refused { code, .. } if code == expected)
    }

    /// Whether the same call may work in a moment.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Refused { status: 500.., .. } | Self::Http { .. } | Self::Body { .. } | Self::Late { .. } => true,
            Self::Refused { code, .. } => is_throttle(code),
            Self::Shape { .. } | Self::Credentials { .. } => false,
        }
    }
}

/// Codes that ask for a slower pace (API reference, common errors and errors of the operations).
fn is_throttle(code: &str) -> bool {
    let codes = ["ProvisionedThroughputExceededException", "LimitExceededException", "ThrottlingException"];
    codes.contains(&code) || code == "KMSThrottlingException" || code == "RequestLimitExceeded"
}

/// What a person does about the errors that are met most.
fn advice(code: &str) -> &'static str {
    match code {
        "InvalidSignatureException" | "UnrecognizedClientException" | "IncompleteSignatureException" => {
            "; check the key pair, for a local server: eval \"$(thalweg env)\""
        }
        "ResourceNotFoundException" => "; see: thalweg stream ls",
        "ExpiredTokenException" => "; sign in again",
        "AccessDeniedException" => "; check the policy of these credentials",
        _ => "",
    }
}

/// The cause below all the wrappers: what really happened.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    // The chain of credentials tells each step on a line of its own; an error is one line.
    let text = cause.to_string();
    text.lines().map(str::trim).collect::<Vec<_>>().join("; ")
}
