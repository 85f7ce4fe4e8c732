//! A signature in the query string: presigned URLs. The same parts as in the Authorization header, one parameter each.

use std::borrow::Cow;

use super::SignatureError;
use super::canonical::{Request, percent_decode};
use super::presented::{Parts, check_algorithm, has_session_token, incomplete, invalid};
use crate::time::parse_basic;

/// The parameter that the signature itself stands in, and which it therefore cannot cover.
pub(super) const SIGNATURE: &str = "x-amz-signature";
/// A signing key is good for a week.
const LIFETIME_SECONDS_MAX: i64 = 7 * 24 * 3600;

/// What the query string says of a signature, if it holds one; it must not when there is one in a header, where a
/// server could check the one and believe the other.
pub(super) fn parts<'a>(request: &Request<'a>, also_in_header: bool) -> Result<Option<Parts<'a>>, SignatureError> {
    const NAMES: [&str; 7] = [
        "x-amz-algorithm",
        "x-amz-credential",
        SIGNATURE,
        "x-amz-signedheaders",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
    ];
    const DISTINCTIVE: usize = 3;
    if request.query.is_empty() {
        return Ok(None);
    }
    let mut found: [Option<String>; NAMES.len()] = Default::default();
    for pair in request.query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = percent_decode(name.as_bytes()).to_ascii_lowercase();
        let Some(index) = NAMES.iter().position(|known| known.as_bytes() == name) else { continue };
        let value = String::from_utf8(percent_decode(value.as_bytes()));
        let value = value.map_err(|_| incomplete(format!("the query parameter {} is not text", NAMES[index])))?;
        if found[index].replace(value).is_some() {
            return Err(invalid(format!("several {} query parameters", NAMES[index])));
        }
    }
    if found[..DISTINCTIVE].iter().all(Option::is_none) {
        return Ok(None);
    }
    if also_in_header {
        let both = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
        return Err(invalid(both));
    }
    if found[0].is_none() {
        // AWS knows a signature in the query string by its algorithm alone.
        return Ok(None);
    }
    check_complete(&found)?;
    let [algorithm, credential, signature, signed_headers, date, expires, token] = found;
    check_algorithm(&algorithm.unwrap_or_default())?;
    let date = date.unwrap_or_default();
    let time_seconds = parse_basic(&date)
        .ok_or_else(|| incomplete(format!("Date must be in ISO-8601 'basic format'. Got '{date:.64}'.")))?;
    let expires = expires.unwrap_or_default();
    let lifetime = expires.parse().ok().filter(|seconds| (1..=LIFETIME_SECONDS_MAX).contains(seconds));
    let lifetime = lifetime.ok_or_else(|| {
        invalid(format!("X-Amz-Expires must be 1 to {LIFETIME_SECONDS_MAX} seconds: '{expires:.64}'"))
    })?;
    Ok(Some(Parts {
        credential: Cow::Owned(credential.unwrap_or_default()),
        signed_headers: Cow::Owned(signed_headers.unwrap_or_default()),
        signature: Cow::Owned(signature.unwrap_or_default()),
        time_seconds,
        date_header: None,
        lifetime_seconds: Some(lifetime),
        has_session_token: token.is_some() || has_session_token(request),
    }))
}

/// Refuses a signature that lacks a part; the error lists all that is missing, as AWS does.
fn check_complete(found: &[Option<String>; 7]) -> Result<(), SignatureError> {
    const NEEDED: [&str; 6] = [
        "X-Amz-Algorithm",
        "X-Amz-Credential",
        "X-Amz-Signature",
        "X-Amz-SignedHeaders",
        "X-Amz-Date",
        "X-Amz-Expires",
    ];
    let absent = NEEDED.iter().zip(found).filter(|(_, value)| value.as_deref().unwrap_or_default().is_empty());
    let mut missing: Vec<&str> = absent.map(|(name, _)| *name).collect();
    if missing.len() > 1 {
        // Where more is missing AWS does not speak of the lifetime.
        missing.retain(|name| *name != "X-Amz-Expires");
    }
    if missing.is_empty() {
        return Ok(());
    }
    let clauses: String =
        missing.iter().map(|name| format!("AWS query-string parameters must include '{name}'. ")).collect();
    Err(incomplete(format!("{clauses}Re-examine the query-string parameters.")))
}
