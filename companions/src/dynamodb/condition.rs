//! Conditions: what must hold of an item, as persisted with a write and as evaluated against a filter.
//!
//! Owns: the tree and its truth. Both the expression language and the legacy `Expected` lead here. Refuses: text
//! (`expression/`, read it next).

use serde::{Deserialize, Serialize};

use super::number::Number;
use super::path::Path;
use super::value::{Item, Value};

/// Something that an item fulfils or not. Persisted in commands: a variant is never renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// All of them; none is always fulfilled.
    And(Vec<Condition>),
    /// One of them at least.
    Or(Vec<Condition>),
    /// Not that.
    Not(Box<Condition>),
    /// Two values compare so.
    Compare(Operand, Comparator, Operand),
    /// The first is not below the second and not above the third.
    Between(Operand, Operand, Operand),
    /// The first equals one of the rest.
    In(Operand, Vec<Operand>),
    /// Something is there.
    Exists(Path),
    /// Nothing is there.
    Missing(Path),
    /// What is there has the type that the operand names, such as `S`.
    HasType(Path, Operand),
    /// A text or binary begins with another.
    BeginsWith(Operand, Operand),
    /// A text holds another, or a set or list has the member.
    Contains(Operand, Operand),
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparator {
    /// Equal, types included.
    #[serde(rename = "=")]
    Equal,
    /// Not equal.
    #[serde(rename = "<>")]
    NotEqual,
    /// Below.
    #[serde(rename = "<")]
    Less,
    /// Below or equal.
    #[serde(rename = "<=")]
    LessOrEqual,
    /// Above.
    #[serde(rename = ">")]
    Greater,
    /// Above or equal.
    #[serde(rename = ">=")]
    GreaterOrEqual,
}

/// A value, or where to find one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operand {
    /// What stands there.
    Path(Path),
    /// This.
    Value(Value),
    /// How large that is: characters of a text, bytes, or members.
    Size(Box<Operand>),
}

impl Condition {
    /// Fulfilled by everything.
    pub const ALWAYS: Self = Self::And(Vec::new());

    /// Whether the item, empty when there is none, fulfils it. A comparison with what is not there is not fulfilled,
    /// except that it is unequal to everything.
    pub fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.holds(item)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(item)),
            Self::Not(part) => !part.holds(item),
            Self::Compare(left, comparator, right) => comparator.holds(left.value(item), right.value(item)),
            Self::Between(operand, low, high) => {
                let operand = operand.value(item);
                Comparator::GreaterOrEqual.holds(operand.clone(), low.value(item))
                    && Comparator::LessOrEqual.holds(operand, high.value(item))
            }
            Self::In(operand, list) => {
                let operand = operand.value(item);
                list.iter().any(|one| Comparator::Equal.holds(operand.clone(), one.value(item)))
            }
            Self::Exists(path) => path.get(item).is_some(),
            Self::Missing(path) => path.get(item).is_none(),
            Self::HasType(path, name) => {
                let is = path.get(item).map(Value::type_name);
                matches!((is, name.value(item)), (Some(is), Some(Found::Value(Value::S(name)))) if is == name)
            }
            Self::BeginsWith(operand, prefix) => match (operand.value(item), prefix.value(item)) {
                (Some(Found::Value(Value::S(text))), Some(Found::Value(Value::S(prefix)))) => {
                    text.starts_with(prefix.as_str())
                }
                (Some(Found::Value(Value::B(bytes))), Some(Found::Value(Value::B(prefix)))) => {
                    bytes.0.starts_with(&prefix.0)
                }
                _ => false,
            },
            Self::Contains(operand, part) => match (operand.value(item), part.value(item)) {
                (Some(Found::Value(whole)), Some(part)) => contains(whole, part.value()),
                _ => false,
            },
        }
    }

    /// The paths that it reads.
    pub(crate) fn paths(&self) -> Vec<&Path> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::paths).collect(),
            Self::Not(part) => part.paths(),
            Self::Compare(left, _, right) | Self::BeginsWith(left, right) | Self::Contains(left, right) => {
                [left, right].into_iter().filter_map(Operand::path).collect()
            }
            Self::Between(operand, low, high) => [operand, low, high].into_iter().filter_map(Operand::path).collect(),
            Self::In(operand, list) => std::iter::once(operand).chain(list).filter_map(Operand::path).collect(),
            Self::Exists(path) | Self::Missing(path) | Self::HasType(path, _) => vec![path],
        }
    }
}

/// A value in the item, or one computed from it.
#[derive(Clone)]
enum Found<'i> {
    Value(&'i Value),
    Size(Value),
}

impl Found<'_> {
    fn value(&self) -> &Value {
        match self {
            Self::Value(value) => value,
            Self::Size(value) => value,
        }
    }
}

impl Operand {
    fn value<'i>(&'i self, item: &'i Item) -> Option<Found<'i>> {
        match self {
            Self::Path(path) => path.get(item).map(Found::Value),
            Self::Value(value) => Some(Found::Value(value)),
            Self::Size(of) => {
                let size = match of.value(item)?.value() {
                    Value::S(text) => text.chars().count(),
                    Value::B(binary) => binary.0.len(),
                    Value::Strings(members) => members.len(),
                    Value::Numbers(members) => members.len(),
                    Value::Binaries(members) => members.len(),
                    Value::L(list) => list.len(),
                    Value::M(map) => map.len(),
                    Value::N(_) | Value::Bool(_) | Value::Null => return None,
                };
                Some(Found::Size(Value::N(Number::of_count(size))))
            }
        }
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Size(of) => of.path(),
            Self::Value(_) => None,
        }
    }
}

impl Comparator {
    fn holds(self, left: Option<Found<'_>>, right: Option<Found<'_>>) -> bool {
        let (Some(left), Some(right)) = (&left, &right) else {
            return self == Self::NotEqual;
        };
        self.orders(left.value(), right.value())
    }

    /// Whether two values compare so. Only texts, numbers and bytes have an order, and only with their own kind.
    pub(crate) fn orders(self, left: &Value, right: &Value) -> bool {
        let order = match (left, right) {
            _ if self == Self::Equal => return left == right,
            _ if self == Self::NotEqual => return left != right,
            (Value::S(left), Value::S(right)) => left.cmp(right),
            (Value::N(left), Value::N(right)) => left.cmp(right),
            (Value::B(left), Value::B(right)) => left.cmp(right),
            _ => return false,
        };
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
        }
    }
}

fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::S(text), Value::S(part)) => text.contains(part.as_str()),
        (Value::B(bytes), Value::B(part)) => {
            part.0.is_empty() || bytes.0.windows(part.0.len()).any(|window| window == part.0)
        }
        (Value::Strings(members), Value::S(part)) => members.contains(part),
        (Value::Numbers(members), Value::N(part)) => members.contains(part),
        (Value::Binaries(members), Value::B(part)) => members.contains(part),
        (Value::L(list), part) => list.contains(part),
        _ => false,
    }
}
