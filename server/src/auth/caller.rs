//! Somebody who proved to hold a key, and what they may do.
//!
//! The rules are those of AWS (IAM user guide, "Policy evaluation logic"), over two policies: that of the key and that
//! of the resource. An explicit deny in either wins. Within an account either may allow, and a key without a policy
//! may do everything. Across accounts the resource's policy must allow, and the key's too if it has one.

use std::net::IpAddr;
use std::sync::Arc;

use types::{AccountId, Scope, Timestamp};
use wire::error_code;

use super::policy::{Context, Decision, Policy, Resource, is_shareable};
use super::{Action, Identity};
use crate::error::ApiError;

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Peer {
    /// The other end of the connection; not what a header says about it.
    pub(crate) ip: Option<IpAddr>,
    /// Whether the connection is encrypted.
    pub(crate) is_secure: bool,
}

/// Somebody who proved to hold a secret (or anybody, under `--dev`).
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// The account of the key, and the region that the request was signed for.
    pub(crate) scope: Scope,
    /// The key that signed.
    pub(crate) access_key_id: String,
    /// What the request asks for.
    pub(crate) action: Action,
    user: Option<Arc<str>>,
    policy: Option<Arc<Policy>>,
    peer: Peer,
    at: Timestamp,
}

/// Which kind of policy a decision came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Identity,
    Resource,
}

/// Why a caller may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    Denied(Source),
    NotAllowed(Source),
}

impl Caller {
    /// Only the gate makes callers, out of what it verified.
    pub(super) fn new(identity: &Identity, scope: Scope, action: Action, peer: Peer, at: Timestamp) -> Self {
        let Identity { access_key_id, user, policy, .. } = identity;
        Self {
            scope,
            access_key_id: access_key_id.clone(),
            action,
            user: user.clone(),
            policy: policy.clone(),
            peer,
            at,
        }
    }

    /// `arn:aws:iam::123456789012:user/NAME`, or the account's `root`.
    pub(crate) fn arn(&self) -> String {
        let account = &self.scope.account;
        match &self.user {
            Some(user) => format!("arn:aws:iam::{account}:user/{user}"),
            None => format!("arn:aws:iam::{account}:root"),
        }
    }

    /// Whether no policy has to be asked, as for nearly every request.
    pub(crate) fn is_free(&self, owner: &AccountId, resource_policy: Option<&str>) -> bool {
        self.policy.is_none() && resource_policy.is_none() && *owner == self.scope.account
    }

    /// The same caller as it does something else on the way, such as reading the source of a delivery stream.
    pub(crate) fn doing(&self, action: Action) -> Self {
        Self { action, ..self.clone() }
    }

    /// Whether the caller may do [`Self::action`] to a resource of `owner`, on which that policy lies.
    ///
    /// # Errors
    /// AccessDeniedException in the words of AWS.
    pub(crate) fn authorize(
        &self,
        resource: &str,
        owner: &AccountId,
        resource_policy: Option<&str>,
    ) -> Result<(), ApiError> {
        if self.is_free(owner, resource_policy) {
            return Ok(());
        }
        // PutResourcePolicy keeps nothing that cannot be read. If it is there all the same, it may have denied.
        let resource_policy =
            resource_policy.map(Policy::parse).transpose().map_err(|error| ApiError::internal(&error))?;
        let principal = self.arn();
        let context = self.context(Resource::Named { arn: resource, owner }, &principal);
        let refusal = match (self.by_own_policy(&context), resource_policy.map(|policy| policy.evaluate(&context))) {
            (Some(Decision::Denied), _) => Refusal::Denied(Source::Identity),
            (_, Some(Decision::Denied)) => Refusal::Denied(Source::Resource),
            (own, lent) if *owner == self.scope.account => match (own, lent) {
                // A policy that names the account leaves it to the policies of its keys.
                (None | Some(Decision::Allowed), _) | (_, Some(Decision::Allowed)) => return Ok(()),
                _ => Refusal::NotAllowed(Source::Identity),
            },
            (own, Some(Decision::Allowed | Decision::AllowedToAccount)) if is_shareable(self.action) => match own {
                None | Some(Decision::Allowed) => return Ok(()),
                _ => Refusal::NotAllowed(Source::Identity),
            },
            _ => Refusal::NotAllowed(Source::Resource),
        };
        Err(self.refused(refusal, resource))
    }

    /// Refuses a key that may not do [`Self::action`] to anything: what the gate asks before any handler. An operation
    /// whose handler does not call [`Self::authorize`] needs a key that may do it to everything.
    pub(super) fn admit(&self) -> Result<(), ApiError> {
        if self.policy.is_none() || self.action.needs_no_permission() || self.action.is_authorized_by_its_handler() {
            return Ok(());
        }
        let principal = self.arn();
        match self.by_own_policy(&self.context(Resource::Unknown, &principal)) {
            None | Some(Decision::Allowed) => Ok(()),
            Some(Decision::Denied) => Err(self.refused(Refusal::Denied(Source::Identity), "*")),
            Some(_) => Err(self.refused(Refusal::NotAllowed(Source::Identity), "*")),
        }
    }

    fn by_own_policy(&self, context: &Context<'_>) -> Option<Decision> {
        self.policy.as_ref().map(|policy| policy.evaluate(context))
    }

    fn context<'a>(&'a self, resource: Resource<'a>, principal: &'a str) -> Context<'a> {
        Context {
            action: self.action,
            resource,
            scope: &self.scope,
            principal,
            user: self.user.as_deref(),
            source_ip: self.peer.ip,
            is_secure: self.peer.is_secure,
            now: self.at,
        }
    }

    fn refused(&self, refusal: Refusal, resource: &str) -> ApiError {
        let (arn, action) = (self.arn(), self.action);
        let because = match refusal {
            Refusal::Denied(Source::Identity) => "with an explicit deny in an identity-based policy".to_owned(),
            Refusal::Denied(Source::Resource) => "with an explicit deny in a resource-based policy".to_owned(),
            Refusal::NotAllowed(Source::Identity) => {
                format!("because no identity-based policy allows the {action} action")
            }
            Refusal::NotAllowed(Source::Resource) => {
                format!("because no resource-based policy allows the {action} action")
            }
        };
        let message = format!("User: {arn} is not authorized to perform: {action} on resource: {resource} {because}");
        ApiError::new(error_code::ACCESS_DENIED, message)
    }
}

#[cfg(test)]
impl Caller {
    /// A caller for tests of handlers.
    pub(crate) fn for_test(scope: Scope) -> Self {
        Self {
            scope,
            access_key_id: "test".into(),
            action: Action::new("kinesis", "ListStreams"),
            user: None,
            policy: None,
            peer: Peer::default(),
            at: Timestamp(0),
        }
    }

    /// The same caller, asking for another operation of Data Streams.
    pub(crate) fn asking(self, operation: &'static str) -> Self {
        Self { action: Action::new("kinesis", operation), ..self }
    }
}

#[cfg(test)]
mod tests;
