//! Signing keys: derived from the secret for one day, region and service, and remembered.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;

use super::TERMINATOR;

/// Most keys remembered. A user signs for few days, regions and services at a time, and only credentials that
/// proved right get in, so a full cache means a change of day: it is emptied whole.
const KEYS_MAX: usize = 1024;

/// The key that signs for one day, region and service.
pub(super) fn derive(secret: &str, day: &str, region: &str, service: &str) -> hmac::Key {
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    for part in [day, region, service, TERMINATOR] {
        key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
    }
    key
}

/// Derived keys by credential, `KEY/20150830/us-east-1/kinesis/aws4_request`.
#[derive(Default)]
pub(super) struct KeyCache {
    keys: Mutex<HashMap<Box<str>, hmac::Key>>,
}

impl KeyCache {
    pub(super) fn get(&self, credential: &str) -> Option<hmac::Key> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).get(credential).cloned()
    }

    pub(super) fn insert(&self, credential: &str, key: hmac::Key) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= KEYS_MAX {
            keys.clear();
        }
        keys.insert(credential.into(), key);
    }
}
