//! A small signer for our own clients: the demo, the load generator and the tests.

use aws_lc_rs::hmac;

use super::canonical::{PathStyle, Request, hex, sha256_hex, string_to_sign};
use super::keys::derive;
use super::{ALGORITHM, TERMINATOR};
use crate::time::format_basic;

/// Credentials and what they sign for.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a> {
    /// The access key id.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a str,
    /// Such as `us-east-1`.
    pub region: &'a str,
    /// Such as [`crate::kinesis::SIGNING_NAME`].
    pub service: &'a str,
}

/// The value of `x-amz-date` for a time in milliseconds since 1970.
pub fn amz_date(now_millis: i64) -> String {
    format_basic(now_millis.div_euclid(1000))
}

impl Signer<'_> {
    /// The value of the Authorization header. All headers of the request are signed; `host` and `x-amz-date`, made
    /// with [`amz_date`] of the same time, must be among them, and `authorization` must not.
    pub fn authorization(&self, request: &Request<'_>, now_millis: i64, body: &[u8]) -> String {
        self.authorization_styled(request, PathStyle::SERVICE, now_millis, body)
    }

    pub(super) fn authorization_styled(
        &self,
        request: &Request<'_>,
        style: PathStyle,
        now_millis: i64,
        body: &[u8],
    ) -> String {
        let date = amz_date(now_millis);
        let day = date.split('T').next().unwrap_or_default();
        let scope = format!("{day}/{}/{}/{TERMINATOR}", self.region, self.service);
        let mut names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        let signed = names.join(";");
        let canonical = request.canonical(style, &signed, &sha256_hex(body));
        let key = derive(self.secret_access_key, day, self.region, self.service);
        let signature = hex(hmac::sign(&key, string_to_sign(&date, &scope, &canonical).as_bytes()).as_ref());
        let id = self.access_key_id;
        format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}")
    }
}
