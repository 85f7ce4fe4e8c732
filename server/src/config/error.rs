//! What can be wrong with a configuration, in words that say what to change.

use std::net::SocketAddr;
use std::path::PathBuf;

use types::InvalidName;

/// A configuration that the server does not start with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read {}: {source}", path.display())]
    ReadFile { path: PathBuf, source: std::io::Error },
    #[error("{}:{line}:{column}: {message}", path.display())]
    Parse { path: PathBuf, line: usize, column: usize, message: String },
    #[error("{variable}={value:?}: expected {expected}")]
    Variable { variable: &'static str, value: String, expected: &'static str },
    #[error("cannot tell where data goes on this machine (no HOME); give --data-dir DIR")]
    NoDataDirectory,
    #[error("listen {text:?} is not ADDRESS:PORT, such as 127.0.0.1:4567 or [::1]:4567")]
    Listen { text: String },
    #[error("account {text:?} is not 12 digits")]
    Account { text: String },
    #[error("a certificate and its key go together; {missing} is missing")]
    HalfCertificate { missing: &'static str },
    #[error("--tls-self-signed makes a certificate, --tls-cert names one; give one of the two")]
    TwoCertificates,
    #[error(transparent)]
    Name(#[from] InvalidName),
    #[error("--dev accepts any credentials and so listens on loopback only, not on {listen}")]
    DevBeyondLoopback { listen: SocketAddr },
    #[error(
        "listening on {listen} without TLS lets others read and replay requests; \
         listen on 127.0.0.1, give --tls-cert and --tls-key or --tls-self-signed, or --allow-plaintext if something in front encrypts"
    )]
    PlaintextBeyondLoopback { listen: SocketAddr },
    #[error(
        "metrics on {listen} can be read by everybody who reaches it; \
         listen on 127.0.0.1, or give --allow-plaintext if that is meant"
    )]
    MetricsBeyondLoopback { listen: SocketAddr },
    #[error("buckets.{key} does not belong to buckets.kind = \"{kind}\"")]
    BucketsKey { key: &'static str, kind: &'static str },
    #[error("buckets.access_key_id and buckets.secret_access_key are given together or not at all")]
    BucketsHalfPair,
    #[error("buckets.endpoint {endpoint:?} is not encrypted; use https:// or set buckets.allow_http = true")]
    BucketsHttp { endpoint: String },
    #[error("buckets.endpoint {endpoint:?} is not an http:// or https:// URL")]
    BucketsEndpoint { endpoint: String },
}
