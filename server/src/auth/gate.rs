//! The one gate between a request and a handler.
//!
//! Owns: the known keys, and the making of every [`Caller`]. Refuses: the algorithm itself (`wire::sigv4`) and the
//! order of checks (`http/request.rs`, read it next).
//! A gate in three steps: [`Keys::claim`] refuses what needs no body, [`Claim::verify`] checks the signature over the
//! body as it was received, before anybody parses it, and [`Verified::asking`] refuses what the key may not do at all.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use types::{AccountId, Region, Scope, Timestamp, limits};
use wire::error_code;
use wire::sigv4::{Expected, Presented, Request, SignatureError, Verifier};

use super::{Action, Caller, Identity, Peer};
use crate::error::ApiError;

/// Largest body read for an access key that nobody has; enough for the error to come out as it does for small bodies.
const STRANGER_BODY_BYTES_MAX: usize = 64 << 10;
/// The region of unsigned requests under `--dev`.
const DEV_REGION: &str = "us-east-1";
/// The access key id of unsigned requests under `--dev`.
const DEV_ACCESS_KEY_ID: &str = "anonymous";

/// The keys that requests may be signed with; they can be replaced while requests are answered.
pub(crate) struct Keys {
    table: ArcSwap<Table>,
    /// Takes any credentials and none.
    takes_anybody: bool,
}

/// One state of the keys, with a verifier of its own: what it remembers holds only as long as no secret changes.
#[derive(Default)]
pub(crate) struct Table {
    identities: HashMap<String, Arc<Identity>>,
    verifier: Verifier,
}

impl Keys {
    /// Takes exactly these.
    pub(crate) fn new(identities: impl IntoIterator<Item = Identity>) -> Self {
        Self { table: ArcSwap::from_pointee(Table::new(identities)), takes_anybody: false }
    }

    /// Takes everybody: `--dev`. These identities are known besides, so that what their keys stand for can be tried.
    /// Whoever calls this has made sure that the server listens on loopback only.
    pub(crate) fn any(identities: impl IntoIterator<Item = Identity>) -> Self {
        Self { takes_anybody: true, ..Self::new(identities) }
    }

    /// Takes exactly these from now on; requests that were let in before go on. Says whether anything changed.
    pub(crate) fn replace(&self, identities: Vec<Identity>) -> bool {
        let known = self.table.load();
        let same = |identity: &Identity| {
            known.identities.get(&identity.access_key_id).is_some_and(|other| **other == *identity)
        };
        if identities.len() == known.identities.len() && identities.iter().all(same) {
            return false;
        }
        self.table.store(Arc::new(Table::new(identities)));
        true
    }

    /// Reads who the request says it is from, and refuses what is wrong whatever the body is. `service` is the one
    /// that the target names, so that a signature for one service does not open another.
    pub(crate) fn claim<'a>(
        &self,
        request: &Request<'a>,
        service: &str,
        now: Timestamp,
    ) -> Result<Claim<'a>, ApiError> {
        let table = self.table.load_full();
        if self.takes_anybody {
            return Ok(Claim::Anybody { presented: Presented::read(request).ok(), table, now });
        }
        let presented = Presented::read(request)?;
        let skew_millis = limits::SIGNATURE_SKEW.as_millis() as i64;
        presented.check(request, &Expected { now_millis: now.0 as i64, skew_millis, service })?;
        if presented.has_session_token {
            // Nobody issues session tokens here, so none can be right.
            return Err(SignatureError::UnknownKey.into());
        }
        let region = Region::parse(&presented.region).map_err(|_| {
            ApiError::new(error_code::INVALID_SIGNATURE, "Credential should be scoped to a valid region.")
        })?;
        let identity = table.identities.get(&*presented.access_key_id).cloned();
        Ok(Claim::Signed { presented, region, identity, table, now })
    }
}

impl Table {
    fn new(identities: impl IntoIterator<Item = Identity>) -> Self {
        let identities = identities.into_iter().map(|one| (one.access_key_id.clone(), Arc::new(one)));
        Self { identities: identities.collect(), verifier: Verifier::default() }
    }
}

/// What a request says about who sent it, not yet proved.
pub(crate) enum Claim<'a> {
    /// Under `--dev`: whoever it is.
    Anybody { presented: Option<Presented<'a>>, table: Arc<Table>, now: Timestamp },
    /// A signature to be checked; no identity when nobody has that key.
    Signed {
        presented: Presented<'a>,
        region: Region,
        identity: Option<Arc<Identity>>,
        table: Arc<Table>,
        now: Timestamp,
    },
}

impl Claim<'_> {
    /// How large a body is worth reading before the signature is checked.
    pub(crate) fn body_bytes_max(&self) -> usize {
        match self {
            Self::Signed { identity: None, .. } => STRANGER_BODY_BYTES_MAX,
            _ => limits::REQUEST_BODY_BYTES_MAX,
        }
    }

    /// The answer to a body over [`Self::body_bytes_max`]: `None` when it is simply too large.
    pub(crate) fn too_large(&self) -> Option<ApiError> {
        matches!(self, Self::Signed { identity: None, .. }).then(|| SignatureError::UnknownKey.into())
    }

    /// Checks the signature over the body as received. `account` is that of strangers under `--dev`.
    pub(crate) fn verify(self, request: &Request<'_>, body: &[u8], account: &AccountId) -> Result<Verified, ApiError> {
        match self {
            Self::Signed { presented, region, identity, table, now } => {
                let secret = identity.as_ref().map(|identity| identity.secret_access_key.as_str());
                table.verifier.verify(&presented, request, secret, body)?;
                Ok(Verified { identity: identity.ok_or(SignatureError::UnknownKey)?, region, now })
            }
            Self::Anybody { presented, table, now } => {
                let region = presented.as_ref().and_then(|presented| Region::parse(&presented.region).ok());
                let default = || Region::parse(DEV_REGION).expect("the default region fits the pattern");
                let id = presented.as_ref().map_or(DEV_ACCESS_KEY_ID, |presented| &presented.access_key_id);
                let identity = table.identities.get(id).cloned().unwrap_or_else(|| stranger(id, account));
                Ok(Verified { identity, region: region.unwrap_or_else(default), now })
            }
        }
    }
}

/// Somebody who proved to hold a key, before it is known what for: some protocols name the operation in the body.
pub(crate) struct Verified {
    identity: Arc<Identity>,
    region: Region,
    now: Timestamp,
}

impl Verified {
    /// The caller, if the key may do that at all.
    pub(crate) fn asking(self, action: Action, peer: Peer) -> Result<Caller, ApiError> {
        let scope = Scope { account: self.identity.account.clone(), region: self.region };
        let caller = Caller::new(&self.identity, scope, action, peer, self.now);
        caller.admit()?;
        Ok(caller)
    }
}

/// Who a stranger is under `--dev`: an access key id of twelve digits is an account, the custom among emulators by
/// which a test gets accounts without making keys. Every other id belongs to the default account, ids that look like
/// those of AWS included: the account that is encoded in them would be a surprise beside keys that have none.
fn stranger(access_key_id: &str, default: &AccountId) -> Arc<Identity> {
    let is_account = access_key_id.len() == 12 && access_key_id.bytes().all(|byte| byte.is_ascii_digit());
    let account = AccountId::parse(access_key_id).ok().filter(|_| is_account);
    Arc::new(Identity {
        access_key_id: access_key_id.to_owned(),
        secret_access_key: String::new(),
        account: account.unwrap_or_else(|| default.clone()),
        user: None,
        policy: None,
    })
}

#[cfg(test)]
mod tests;
