//! Reading a policy. Whatever is not understood is refused: a statement that says something else than its author
//! meant must not come into effect.

use serde_json::{Map, Value};

use super::BYTES_MAX;
use super::condition::Condition;
use super::pattern::Pattern;
use super::principal::Principals;

/// A policy that can be evaluated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    pub(super) statements: Vec<Statement>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) allows: bool,
    /// Who it is about; none in the policy of an identity.
    pub(super) principals: Option<Principals>,
    pub(super) actions: Choice<String>,
    pub(super) resources: Option<Choice<Pattern>>,
    pub(super) conditions: Vec<Condition>,
}

/// A list, or everything but a list: `Action` and `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice<T> {
    These(Vec<T>),
    AllBut(Vec<T>),
}

/// Why a text is not a policy; each says where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyError {
    /// Over [`BYTES_MAX`].
    #[error("the policy has {length} bytes, at most {BYTES_MAX} are allowed")]
    TooLong { length: usize },
    /// Not JSON.
    #[error("the policy is not valid JSON, at line {line}, column {column}")]
    Json { line: usize, column: usize },
    /// JSON, but not of a policy.
    #[error("{element}: {problem}")]
    Element { element: String, problem: String },
}

impl PolicyError {
    pub(super) fn at(element: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Element { element: element.into(), problem: problem.into() }
    }
}

impl Policy {
    /// Reads a policy.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        if text.len() > BYTES_MAX {
            return Err(PolicyError::TooLong { length: text.len() });
        }
        let value: Value = serde_json::from_str(text)
            .map_err(|error| PolicyError::Json { line: error.line(), column: error.column() })?;
        let Value::Object(policy) = value else {
            return Err(PolicyError::at("Policy", "it is not a JSON object"));
        };
        known(&policy, "Policy", &["Version", "Id", "Statement"])?;
        let variables = match policy.get("Version").map(Value::as_str) {
            Some(Some("2012-10-17")) => true,
            // The older version is the default on AWS, and knows no variables.
            None | Some(Some("2008-10-17")) => false,
            _ => return Err(PolicyError::at("Version", "it is neither 2012-10-17 nor 2008-10-17")),
        };
        if policy.get("Id").is_some_and(|id| !id.is_string()) {
            return Err(PolicyError::at("Id", "it is not a text"));
        }
        let statements = match policy.get("Statement") {
            Some(Value::Array(list)) if !list.is_empty() => list.as_slice(),
            Some(one @ Value::Object(_)) => std::slice::from_ref(one),
            _ => return Err(PolicyError::at("Statement", "it is not a statement or a list of statements")),
        };
        let read = |(index, value)| Statement::read(value, &format!("Statement {}", index + 1), variables);
        Ok(Self { statements: statements.iter().enumerate().map(read).collect::<Result<_, _>>()? })
    }

    /// Reads the policy of an identity, which must not name principals.
    pub(crate) fn parse_for_identity(text: &str) -> Result<Self, PolicyError> {
        let policy = Self::parse(text)?;
        for (index, statement) in policy.statements.iter().enumerate() {
            let element = format!("Statement {}", index + 1);
            if statement.principals.is_some() {
                return Err(PolicyError::at(element, "the policy of a key must not name a Principal"));
            }
            if statement.resources.is_none() {
                return Err(PolicyError::at(element, "Resource or NotResource is needed"));
            }
        }
        Ok(policy)
    }
}

impl Statement {
    fn read(value: &Value, element: &str, variables: bool) -> Result<Self, PolicyError> {
        const MEMBERS: [&str; 9] = [
            "Sid",
            "Effect",
            "Principal",
            "NotPrincipal",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Condition",
        ];
        let Value::Object(map) = value else {
            return Err(PolicyError::at(element, "it is not a JSON object"));
        };
        known(map, element, &MEMBERS)?;
        if map.get("Sid").is_some_and(|sid| !sid.is_string()) {
            return Err(PolicyError::at(element, "Sid is not a text"));
        }
        let allows = match map.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(PolicyError::at(element, "Effect is neither Allow nor Deny")),
        };
        let principals = one_of(map, element, "Principal", "NotPrincipal")?
            .map(|(value, negated)| Principals::read(value, negated, element))
            .transpose()?;
        let actions = choice(map, element, "Action", "NotAction")?
            .ok_or_else(|| PolicyError::at(element, "Action or NotAction is needed"))?;
        if let Some(bad) = actions.list().iter().find(|action| !is_action(action)) {
            return Err(PolicyError::at(element, format!("{bad:.128} is not an action: use vendor:action")));
        }
        let resources = choice(map, element, "Resource", "NotResource")?;
        Ok(Self {
            allows,
            principals,
            actions,
            resources: resources.map(|choice| choice.map(|text| Pattern::new(&text, variables))),
            conditions: Condition::read_all(map.get("Condition"), element, variables)?,
        })
    }
}

impl<T> Choice<T> {
    pub(super) fn list(&self) -> &[T] {
        match self {
            Self::These(list) | Self::AllBut(list) => list,
        }
    }

    fn map<U>(self, convert: impl Fn(T) -> U) -> Choice<U> {
        match self {
            Self::These(list) => Choice::These(list.into_iter().map(convert).collect()),
            Self::AllBut(list) => Choice::AllBut(list.into_iter().map(convert).collect()),
        }
    }
}

/// Refuses members that the language does not have: a misspelt `Condition` must not be ignored.
fn known(map: &Map<String, Value>, element: &str, members: &[&str]) -> Result<(), PolicyError> {
    let unknown = map.keys().find(|key| !members.contains(&key.as_str()));
    unknown.map_or(Ok(()), |key| Err(PolicyError::at(element, format!("{key:.64} is not a member it can have"))))
}

/// The one of two members that is there, and whether it is the negated one.
fn one_of<'a>(
    map: &'a Map<String, Value>,
    element: &str,
    plain: &str,
    negated: &str,
) -> Result<Option<(&'a Value, bool)>, PolicyError> {
    match (map.get(plain), map.get(negated)) {
        (Some(_), Some(_)) => Err(PolicyError::at(element, format!("{plain} and {negated} exclude each other"))),
        (Some(value), None) => Ok(Some((value, false))),
        (None, Some(value)) => Ok(Some((value, true))),
        (None, None) => Ok(None),
    }
}

fn choice(
    map: &Map<String, Value>,
    element: &str,
    plain: &str,
    negated: &str,
) -> Result<Option<Choice<String>>, PolicyError> {
    let Some((value, is_negated)) = one_of(map, element, plain, negated)? else { return Ok(None) };
    let list = texts(value)
        .filter(|list| !list.is_empty() && list.iter().all(|text| !text.is_empty()))
        .ok_or_else(|| PolicyError::at(element, format!("{plain} is not a text or a list of texts")))?;
    Ok(Some(if is_negated { Choice::AllBut(list) } else { Choice::These(list) }))
}

/// A text, or a list of texts.
pub(super) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => list.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// `*`, or `vendor:name` where the name may hold wildcards.
fn is_action(text: &str) -> bool {
    let letters = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    text == "*" || text.split_once(':').is_some_and(|(vendor, name)| letters(vendor, b"-") && letters(name, b"*?"))
}
