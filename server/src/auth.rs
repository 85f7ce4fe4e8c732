//! Who is calling: the one gate between a request and a handler.
//!
//! Owns: the known key pairs, and [`Caller`], which only this module can make. Refuses: the algorithm itself
//! (`wire::sigv4`) and the order of checks (`http/request.rs`, read it next).
//! A gate in two steps: [`Keys::claim`] refuses what needs no body, [`Claim::verify`] checks the signature over the
//! body as it was received, before anybody parses it.

use std::collections::HashMap;

use types::{AccountId, Region, Scope, Timestamp, limits};
use wire::error_code;
use wire::sigv4::{Expected, Presented, Request, SignatureError, Verifier};

use crate::error::ApiError;

/// Largest body read for an access key that nobody has; enough for the error to come out as it does for small bodies.
const STRANGER_BODY_BYTES_MAX: usize = 64 << 10;
/// The region of unsigned requests under `--dev`.
const DEV_REGION: &str = "us-east-1";
/// The access key id of unsigned requests under `--dev`.
const DEV_ACCESS_KEY_ID: &str = "anonymous";

/// Somebody who proved to hold a secret (or anybody, under `--dev`).
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The account of the key, and the region that the request was signed for.
    pub(crate) scope: Scope,
    /// The key that signed.
    pub(crate) access_key_id: String,
    /// Nobody outside can fill this in.
    _verified: Verified,
}

#[derive(Debug, Clone)]
struct Verified;

#[cfg(test)]
impl Caller {
    /// A caller for tests of handlers.
    pub(crate) fn for_test(scope: Scope) -> Self {
        Self { scope, access_key_id: "test".into(), _verified: Verified }
    }
}

/// The key pairs that requests may be signed with.
pub(crate) struct Keys {
    /// Secrets by access key id; `None` takes any credentials and none.
    secrets: Option<HashMap<String, String>>,
    verifier: Verifier,
}

impl Keys {
    /// Takes exactly these pairs of access key id and secret.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { secrets: Some(pairs.into_iter().collect()), verifier: Verifier::default() }
    }

    /// Takes everybody: `--dev`. Whoever calls this has made sure that the server listens on loopback only.
    pub(crate) fn any() -> Self {
        Self { secrets: None, verifier: Verifier::default() }
    }

    /// Reads who the request says it is from, and refuses what is wrong whatever the body is. `service` is the one
    /// that the target names, so that a signature for one service does not open another.
    pub(crate) fn claim<'a>(
        &'a self,
        request: &Request<'a>,
        service: &str,
        now: Timestamp,
    ) -> Result<Claim<'a>, ApiError> {
        let Some(secrets) = &self.secrets else {
            return Ok(Claim::Anybody(Presented::read(request).ok()));
        };
        let presented = Presented::read(request)?;
        let skew_millis = limits::SIGNATURE_SKEW.as_millis() as i64;
        presented.check(request, &Expected { now_millis: now.0 as i64, skew_millis, service })?;
        if presented.has_session_token {
            // Nobody issues session tokens here, so none can be right.
            return Err(SignatureError::UnknownKey.into());
        }
        let region = Region::parse(presented.region).map_err(|_| {
            ApiError::new(error_code::INVALID_SIGNATURE, "Credential should be scoped to a valid region.")
        })?;
        let secret = secrets.get(presented.access_key_id).map(String::as_str);
        Ok(Claim::Signed { presented, region, secret, verifier: &self.verifier })
    }
}

/// What a request says about who sent it, not yet proved.
pub(crate) enum Claim<'a> {
    /// Under `--dev`: whoever it is.
    Anybody(Option<Presented<'a>>),
    /// A signature to be checked.
    Signed { presented: Presented<'a>, region: Region, secret: Option<&'a str>, verifier: &'a Verifier },
}

impl Claim<'_> {
    /// How large a body is worth reading before the signature is checked.
    pub(crate) fn body_bytes_max(&self) -> usize {
        match self {
            Self::Signed { secret: None, .. } => STRANGER_BODY_BYTES_MAX,
            _ => limits::REQUEST_BODY_BYTES_MAX,
        }
    }

    /// The answer to a body over [`Self::body_bytes_max`]: `None` when it is simply too large.
    pub(crate) fn too_large(&self) -> Option<ApiError> {
        matches!(self, Self::Signed { secret: None, .. }).then(|| SignatureError::UnknownKey.into())
    }

    /// Checks the signature over the body as received.
    pub(crate) fn verify(self, request: &Request<'_>, body: &[u8], account: &AccountId) -> Result<Caller, ApiError> {
        let (region, access_key_id) = match self {
            Self::Signed { presented, region, secret, verifier } => {
                verifier.verify(&presented, request, secret, body)?;
                (region, presented.access_key_id)
            }
            Self::Anybody(presented) => {
                let region = presented.as_ref().and_then(|presented| Region::parse(presented.region).ok());
                let default = || Region::parse(DEV_REGION).expect("the default region fits the pattern");
                (region.unwrap_or_else(default), presented.map_or(DEV_ACCESS_KEY_ID, |p| p.access_key_id))
            }
        };
        let scope = Scope { account: account.clone(), region };
        Ok(Caller { scope, access_key_id: access_key_id.to_owned(), _verified: Verified })
    }
}
