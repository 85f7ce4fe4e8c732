//! What a caller wants to do, as policies name it.

use std::fmt;

/// An operation of a service, shown as `kinesis:PutRecords`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Action {
    signing_name: &'static str,
    operation: &'static str,
}

impl Action {
    /// The operation of the service that signs with that name.
    pub(crate) const fn new(signing_name: &'static str, operation: &'static str) -> Self {
        Self { signing_name, operation }
    }

    /// The service's name in the scope of a signature.
    pub(super) fn signing_name(self) -> &'static str {
        self.signing_name
    }

    /// The service's name in policies; one service signs with another.
    pub(crate) fn service(self) -> &'static str {
        match self.signing_name {
            "monitoring" => "cloudwatch",
            other => other,
        }
    }

    /// The operation's name.
    pub(crate) fn operation(self) -> &'static str {
        self.operation
    }

    /// Whether anybody may do it who has a key (API reference of GetCallerIdentity: no permissions are required, and
    /// a policy cannot deny it).
    pub(super) fn needs_no_permission(self) -> bool {
        self == Self::new("sts", "GetCallerIdentity")
    }

    /// Whether the handler asks [`super::Caller::authorize`] about the very resource. Whatever is not listed is decided
    /// at the gate, where the resource is not known yet.
    pub(super) fn is_authorized_by_its_handler(self) -> bool {
        self.signing_name == "kinesis" && AUTHORIZED_BY_THEIR_HANDLERS.contains(&self.operation)
    }
}

/// Operations of Data Streams whose handlers authorize. A new one must not be listed before it does.
const AUTHORIZED_BY_THEIR_HANDLERS: &[&str] = &[];

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service(), self.operation)
    }
}
