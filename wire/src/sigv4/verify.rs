//! The comparison: the signature that the secret gives against the one presented, in constant time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

use super::canonical::{PathStyle, Request, sha256_hex, string_to_sign};
use super::keys::{KeyCache, derive};
use super::{Presented, SignatureError};

/// Signs in the place of an access key that nobody has, so that the answer takes as long.
const NOBODY: &str = "nobody's secret access key, forty bytes.";

/// Checks signatures; keeps the keys it derived. As long as it lives, an access key id has one secret.
#[derive(Default)]
pub struct Verifier {
    keys: KeyCache,
}

impl Verifier {
    /// Checks the signature over the headers and the body as received. `secret` is that of
    /// [`Presented::access_key_id`], `None` when nobody has that key. Call [`Presented::check`] first.
    pub fn verify(
        &self,
        presented: &Presented<'_>,
        request: &Request<'_>,
        secret: Option<&str>,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        self.verify_styled(presented, request, PathStyle::SERVICE, secret, body)
    }

    pub(super) fn verify_styled(
        &self,
        presented: &Presented<'_>,
        request: &Request<'_>,
        style: PathStyle,
        secret: Option<&str>,
        body: &[u8],
    ) -> Result<(), SignatureError> {
        let payload_hash = sha256_hex(body);
        let canonical = request.canonical(style, &presented.signed_headers, &payload_hash);
        let string_to_sign = string_to_sign(&presented.date, &presented.scope, &canonical);
        let cached = self.keys.get(&presented.credential).filter(|_| secret.is_some());
        let fresh = cached.is_none();
        let key = cached
            .unwrap_or_else(|| derive(secret.unwrap_or(NOBODY), &presented.day, &presented.region, &presented.service));
        let signature = hmac::sign(&key, string_to_sign.as_bytes());
        let equal = verify_slices_are_equal(signature.as_ref(), &presented.signature).is_ok();
        if secret.is_none() {
            return Err(SignatureError::UnknownKey);
        }
        if !equal {
            return Err(SignatureError::mismatch());
        }
        // Only now, so that guesses cannot fill the cache.
        if fresh {
            self.keys.insert(&presented.credential, key);
        }
        // The header is signed, but that does not make it the hash of this body.
        if presented.content_sha256.is_some_and(|claimed| claimed != payload_hash) {
            return Err(SignatureError::mismatch());
        }
        Ok(())
    }
}
