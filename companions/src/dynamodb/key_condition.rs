//! The condition of a query: one hash key, and perhaps some range keys.

use super::condition::{Comparator, Condition, Operand};
use super::key::{ItemKey, KeyValue};
use super::path::Path;
use super::schema::{KeyAttribute, KeySchema};
use super::value::Value;
use crate::CompanionsError;

/// A condition that names one group of items in an order.
#[derive(Debug)]
pub(crate) struct KeyCondition {
    pub(crate) hash: KeyValue,
    range: Option<Range>,
}

#[derive(Debug)]
enum Range {
    Compare(Comparator, KeyValue),
    Between(KeyValue, KeyValue),
    BeginsWith(KeyValue),
}

fn invalid(message: impl Into<String>) -> CompanionsError {
    CompanionsError::Invalid(message.into())
}

fn not_supported() -> CompanionsError {
    invalid("Query key condition not supported")
}

impl KeyCondition {
    /// Reads a condition against the keys of a table or index.
    pub(crate) fn of(condition: &Condition, keys: &KeySchema) -> Result<Self, CompanionsError> {
        let mut parts = Vec::new();
        flatten(condition, &mut parts)?;
        let missed = |name: &str| invalid(format!("Query condition missed key schema element: {name}"));
        let (hash, rest): (Vec<_>, Vec<_>) = parts.into_iter().partition(|part| part.is_about(&keys.hash));
        let hash = match hash.as_slice() {
            [Part { comparison: Comparison::Compare(Comparator::Equal, value), .. }] => key_value(value, &keys.hash)?,
            [] => return Err(missed(&keys.hash.name)),
            _ => return Err(not_supported()),
        };
        let range = match (rest.as_slice(), &keys.range) {
            ([], _) => None,
            ([part], Some(range)) if part.is_about(range) => Some(part.range(range)?),
            ([_], Some(range)) => return Err(missed(&range.name)),
            ([_], None) => return Err(not_supported()),
            _ => return Err(invalid("Conditions can be of length 1 or 2 only")),
        };
        Ok(Self { hash, range })
    }

    /// Whether a key of the group is among those asked for.
    pub(crate) fn holds(&self, key: &ItemKey) -> bool {
        let (Some(range), Some(value)) = (&self.range, &key.range) else { return self.range.is_none() };
        match range {
            Range::Compare(Comparator::Equal, other) => value == other,
            Range::Compare(Comparator::NotEqual, other) => value != other,
            Range::Compare(Comparator::Less, other) => value < other,
            Range::Compare(Comparator::LessOrEqual, other) => value <= other,
            Range::Compare(Comparator::Greater, other) => value > other,
            Range::Compare(Comparator::GreaterOrEqual, other) => value >= other,
            Range::Between(low, high) => (low..=high).contains(&value),
            Range::BeginsWith(prefix) => match (value, prefix) {
                (KeyValue::S(text), KeyValue::S(prefix)) => text.starts_with(prefix.as_str()),
                (KeyValue::B(bytes), KeyValue::B(prefix)) => bytes.0.starts_with(&prefix.0),
                _ => false,
            },
        }
    }
}

/// One comparison of an attribute with values.
struct Part<'c> {
    attribute: &'c Path,
    comparison: Comparison<'c>,
}

enum Comparison<'c> {
    Compare(Comparator, &'c Value),
    Between(&'c Value, &'c Value),
    BeginsWith(&'c Value),
}

impl Part<'_> {
    fn is_about(&self, key: &KeyAttribute) -> bool {
        self.attribute.steps.is_empty() && self.attribute.attribute == key.name
    }

    fn range(&self, key: &KeyAttribute) -> Result<Range, CompanionsError> {
        Ok(match self.comparison {
            Comparison::Compare(Comparator::NotEqual, _) => return Err(not_supported()),
            Comparison::Compare(comparator, value) => Range::Compare(comparator, key_value(value, key)?),
            Comparison::Between(low, high) => Range::Between(key_value(low, key)?, key_value(high, key)?),
            Comparison::BeginsWith(prefix) => Range::BeginsWith(key_value(prefix, key)?),
        })
    }
}

fn key_value(value: &Value, key: &KeyAttribute) -> Result<KeyValue, CompanionsError> {
    KeyValue::of(value, key.kind).ok_or_else(|| {
        invalid("One or more parameter values were invalid: Condition parameter type does not match schema type")
    })
}

/// Takes a conjunction apart; nothing else can be asked of keys.
fn flatten<'c>(condition: &'c Condition, parts: &mut Vec<Part<'c>>) -> Result<(), CompanionsError> {
    use Operand::{Path as At, Value as Is};
    let (attribute, comparison) = match condition {
        Condition::And(all) => return all.iter().try_for_each(|part| flatten(part, parts)),
        Condition::Compare(At(path), comparator, Is(value)) => (path, Comparison::Compare(*comparator, value)),
        Condition::Between(At(path), Is(low), Is(high)) => (path, Comparison::Between(low, high)),
        Condition::BeginsWith(At(path), Is(prefix)) => (path, Comparison::BeginsWith(prefix)),
        _ => return Err(not_supported()),
    };
    parts.push(Part { attribute, comparison });
    Ok(())
}
