//! Who signs: a pair that is known, or whatever AWS's default chain finds (environment, profiles, web identity, container,
//! instance), kept until shortly before it expires.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use types::{Clock, SystemClock, Timestamp};

use super::CallError;
use crate::keys::KeyPair;

/// How long before they expire credentials are asked for again, so that no request carries some that just did.
const REFRESH_BEFORE: Duration = Duration::from_secs(300);

/// See the module text.
#[derive(Debug)]
pub(super) enum Identity {
    Pair(KeyPair),
    Chain { provider: SharedCredentialsProvider, found: Mutex<Option<Credentials>> },
}

/// What a signature is made with.
pub(super) struct Secrets {
    pub(super) access_key_id: String,
    pub(super) secret_access_key: String,
    pub(super) session_token: Option<String>,
}

impl Identity {
    pub(super) fn chain(provider: SharedCredentialsProvider) -> Self {
        Self::Chain { provider, found: Mutex::new(None) }
    }

    pub(super) async fn secrets(&self) -> Result<Secrets, CallError> {
        let (provider, found) = match self {
            Self::Pair(pair) => {
                let KeyPair { access_key_id, secret_access_key } = pair.clone();
                return Ok(Secrets { access_key_id, secret_access_key, session_token: None });
            }
            Self::Chain { provider, found } => (provider, found),
        };
        let kept = found.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(credentials) = kept.filter(|kept| is_fresh(kept, SystemClock.now())) {
            return Ok(Secrets::of(&credentials));
        }
        let asked = provider.provide_credentials().await;
        let credentials = asked.map_err(|error| CallError::Credentials { source: error.into() })?;
        let secrets = Secrets::of(&credentials);
        *found.lock().unwrap_or_else(PoisonError::into_inner) = Some(credentials);
        Ok(secrets)
    }
}

impl Secrets {
    fn of(credentials: &Credentials) -> Self {
        Self {
            access_key_id: credentials.access_key_id().into(),
            secret_access_key: credentials.secret_access_key().into(),
            session_token: credentials.session_token().map(String::from),
        }
    }
}

fn is_fresh(credentials: &Credentials, now: Timestamp) -> bool {
    let Some(expiry) = credentials.expiry() else { return true };
    let expires = expiry.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    expires > Duration::from_millis(now.0) + REFRESH_BEFORE
}
