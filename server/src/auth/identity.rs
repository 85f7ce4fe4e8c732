//! Whose key it is.

use std::sync::Arc;

use types::AccountId;

use super::policy::Policy;

/// A key that is known, and what it may do.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    /// The account that the key belongs to.
    pub(crate) account: AccountId,
    /// The user in that account; none for the account's root.
    pub(crate) user: Option<Arc<str>>,
    /// What the key may do; everything in its own account when there is none.
    pub(crate) policy: Option<Arc<Policy>>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { access_key_id, account, user, .. } = self;
        f.debug_struct("Identity")
            .field("access_key_id", access_key_id)
            .field("account", account)
            .field("user", user)
            .finish_non_exhaustive()
    }
}
