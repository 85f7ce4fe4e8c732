//! Signature version 4: checking the signature of a request, and making one.
//!
//! Order of use in a server: [`Presented::read`] takes the claim out of the headers, [`Presented::check`] refuses what
//! needs no key (scope, time, headers that are not covered), and [`Verifier::verify`] compares the signature once the
//! body is there. Nothing here parses the body. Refuses: unsigned and streaming payloads, also in presigned URLs, whose
//! signature covers the body like any other. Replay inside the five minutes, or as long as a presigned URL lives, is
//! possible by design of the protocol; TLS is the answer to it.

mod canonical;
mod error;
mod keys;
mod presented;
mod query;
mod sign;
mod verify;

pub use canonical::{PathStyle, Request};
pub use error::SignatureError;
pub use presented::{Expected, Presented};
pub use sign::{Signer, amz_date};
pub use verify::Verifier;

/// The only algorithm served.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// What ends every credential scope.
const TERMINATOR: &str = "aws4_request";

#[cfg(test)]
mod tests;
