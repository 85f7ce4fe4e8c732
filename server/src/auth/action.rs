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

    /// Whether the handler asks [`super::Caller::authorize`] about the very resource, as all of Data Streams do that
    /// have one. Everything else is decided at the gate, where the resource is not known.
    pub(super) fn is_authorized_by_its_handler(self) -> bool {
        self.signing_name == "kinesis" && !WITHOUT_RESOURCE.contains(&self.operation)
    }
}

/// Operations of Data Streams about an account as a whole (service authorization reference: no resource types).
const WITHOUT_RESOURCE: [&str; 6] =
    ["DescribeAccountSettings", "DescribeLimits", "ListChannels", "ListQueues", "ListStreams", "UpdateAccountSettings"];

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.service(), self.operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A handler that forgot to ask would let keys with a policy do what it forbids, and other accounts everything.
    #[test]
    fn handlers_that_are_trusted_to_authorize_do() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/api/kinesis");
        let asks = [
            " find(app, caller",
            "find_resource(app, caller",
            ".find(app, caller",
            ".find_counted(app, caller",
            "by_arn(app, caller",
            "authorize",
        ];
        for operation in wire::kinesis::OPERATIONS {
            let module = operation.chars().enumerate().fold(String::new(), |name, (at, letter)| {
                let between = if at > 0 && letter.is_uppercase() { "_" } else { "" };
                name + between + &letter.to_lowercase().to_string()
            });
            let source = std::fs::read_to_string(format!("{folder}/{module}.rs")).unwrap();
            let is_built = !source.contains("unknown_operation()");
            if is_built && Action::new("kinesis", operation).is_authorized_by_its_handler() {
                assert!(asks.iter().any(|ask| source.contains(ask)), "{module}.rs does not authorize its caller");
            }
        }
    }

    #[test]
    fn actions_are_named_as_policies_name_them() {
        assert_eq!(Action::new("monitoring", "PutMetricData").to_string(), "cloudwatch:PutMetricData");
        assert_eq!(Action::new("kinesis", "PutRecords").to_string(), "kinesis:PutRecords");
    }
}
