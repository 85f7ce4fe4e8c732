//! What a policy may ask about a request: the condition keys.

use std::borrow::Cow;
use std::net::IpAddr;

use types::{AccountId, Scope, Timestamp};

use crate::auth::Action;

/// What the request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    /// One resource, or `*` for operations that are about none.
    Named { arn: &'a str, owner: &'a AccountId },
    /// Not told apart by whoever asks: then only a statement about every resource can allow, and any can deny.
    Unknown,
}

/// One request, as policies see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) action: Action,
    pub(crate) resource: Resource<'a>,
    /// Account of the caller and region of the request.
    pub(crate) scope: &'a Scope,
    /// The caller's ARN.
    pub(crate) principal: &'a str,
    /// The name in that ARN; none for an account's root.
    pub(crate) user: Option<&'a str>,
    pub(crate) source_ip: Option<IpAddr>,
    /// Whether the request came through TLS.
    pub(crate) is_secure: bool,
    pub(crate) now: Timestamp,
}

impl<'a> Context<'a> {
    /// The value of a condition key, whose name ignores case; `None` when the request has none. `aws:SourceArn`,
    /// `aws:SourceAccount` and `aws:PrincipalOrgID` are among those: nobody calls here on behalf of a resource, and
    /// there are no organizations.
    pub(super) fn value(&self, key: &str) -> Option<Cow<'a, str>> {
        let borrowed = |text: &'a str| Some(Cow::Borrowed(text));
        let flag = |value: bool| Some(Cow::Borrowed(if value { "true" } else { "false" }));
        match key.to_ascii_lowercase().as_str() {
            "aws:principalaccount" => borrowed(self.scope.account.as_str()),
            "aws:principalarn" => borrowed(self.principal),
            "aws:principaltype" => borrowed(if self.user.is_some() { "User" } else { "Account" }),
            "aws:principalisawsservice" => flag(false),
            "aws:username" => self.user.map(Cow::Borrowed),
            "aws:requestedregion" => borrowed(self.scope.region.as_str()),
            "aws:securetransport" => flag(self.is_secure),
            "aws:sourceip" => self.source_ip.map(|ip| Cow::Owned(ip.to_canonical().to_string())),
            "aws:currenttime" => Some(Cow::Owned(iso_8601(self.now))),
            "aws:epochtime" => Some(Cow::Owned(self.now.seconds().to_string())),
            "aws:resourceaccount" => match self.resource {
                Resource::Named { owner, .. } => borrowed(owner.as_str()),
                Resource::Unknown => None,
            },
            _ => None,
        }
    }
}

fn iso_8601(time: Timestamp) -> String {
    let millis = i64::try_from(time.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| time.seconds().to_string(), |time| time.to_string())
}
