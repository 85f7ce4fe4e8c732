//! `Principal` and `NotPrincipal`: who a statement is about.

use serde_json::Value;

use super::Context;
use super::document::{PolicyError, texts};

/// The principals of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Principals {
    list: Vec<Principal>,
    /// `NotPrincipal`: everybody else.
    negated: bool,
}

/// One principal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Principal {
    /// `*`.
    Everybody,
    /// `123456789012` or `arn:aws:iam::123456789012:root`: the account, and whomever it lets.
    Account(String),
    /// A user, role or session, by its ARN.
    Named(String),
    /// A service or a federated user; no caller of ours is one.
    Foreign,
}

/// How a principal was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Met {
    No,
    /// As an account: the account's own policies decide about its users.
    AsAccount,
    /// In person.
    InPerson,
}

impl Principals {
    pub(super) fn read(value: &Value, negated: bool, element: &str) -> Result<Self, PolicyError> {
        let invalid = |what: &str| PolicyError::at(element, format!("{what:.128} is not a valid principal"));
        let list = match value {
            Value::String(text) if text == "*" => vec![Principal::Everybody],
            Value::Object(kinds) if !kinds.is_empty() => {
                let mut list = Vec::new();
                for (kind, value) in kinds {
                    let names = texts(value).filter(|names| !names.is_empty()).ok_or_else(|| invalid(kind))?;
                    for name in names {
                        list.push(Principal::read(kind, &name).ok_or_else(|| invalid(&name))?);
                    }
                }
                list
            }
            _ => return Err(invalid("what is given as Principal")),
        };
        Ok(Self { list, negated })
    }

    /// How the caller is among them. A `NotPrincipal` that names an account excepts all of its users.
    pub(super) fn meet(&self, context: &Context<'_>) -> Met {
        let met = self.list.iter().map(|principal| principal.meet(context)).max().unwrap_or(Met::No);
        match (self.negated, met) {
            (false, met) => met,
            (true, Met::No) => Met::InPerson,
            (true, _) => Met::No,
        }
    }
}

impl Principal {
    fn read(kind: &str, name: &str) -> Option<Self> {
        match kind {
            "AWS" if name == "*" => Some(Self::Everybody),
            "AWS" if is_account(name) => Some(Self::Account(name.to_owned())),
            "AWS" => Self::read_arn(name),
            "Service" if name.contains('.') && !name.contains('*') => Some(Self::Foreign),
            "Federated" | "CanonicalUser" if !name.is_empty() && !name.contains('*') => Some(Self::Foreign),
            _ => None,
        }
    }

    /// `arn:aws:iam::ACCOUNT:root`, `…:user/NAME`, `…:role/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/…`; a wildcard
    /// in one could only be meant to let in more than it says, so AWS refuses it.
    fn read_arn(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [prefix, partition, service, region, account, name] = parts[..] else { return None };
        let sound = prefix == "arn" && partition.starts_with("aws") && region.is_empty() && is_account(account);
        if !sound || arn.contains(['*', '?']) {
            return None;
        }
        match (service, name) {
            ("iam", "root") => Some(Self::Account(account.to_owned())),
            ("iam", name) if name.starts_with("user/") || name.starts_with("role/") => {
                Some(Self::Named(arn.to_owned()))
            }
            ("sts", name) if name.starts_with("assumed-role/") || name.starts_with("federated-user/") => {
                Some(Self::Named(arn.to_owned()))
            }
            _ => None,
        }
    }

    fn meet(&self, context: &Context<'_>) -> Met {
        match self {
            Self::Everybody => Met::InPerson,
            Self::Account(account) if account == context.scope.account.as_str() => Met::AsAccount,
            Self::Named(arn) if arn == context.principal => Met::InPerson,
            _ => Met::No,
        }
    }
}

/// Twelve digits.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}
