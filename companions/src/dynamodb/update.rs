//! Updates: what becomes of an item, as persisted with a write.
//!
//! Owns: the four clauses and what they do. Both UpdateExpression and the legacy `AttributeUpdates` lead here. Every
//! clause sees the item as it was before the update. Refuses: text (`expression/update.rs`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::path::{NoSuchPlace, Path};
use super::value::{Item, Value};
use crate::CompanionsError;

const WRONG_TYPE: &str = "An operand in the update expression has an incorrect data type";
const WRONG_PATH: &str = "The document path provided in the update expression is invalid for update";
const NO_ATTRIBUTE: &str = "The provided expression refers to an attribute that does not exist in the item";

/// A change of one item. Persisted in commands: a field is never renamed, a new one has a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Update {
    /// What is put where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(Path, Term)>,
    /// What is taken away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<Path>,
    /// Numbers that are added to, sets that get members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<(Path, Value)>,
    /// Sets that lose members.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub delete: Vec<(Path, Value)>,
    /// An item that is not there stays so: a legacy update that only deletes.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_existing: bool,
}

/// The right side of SET.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// What stands there.
    Path(Path),
    /// This.
    Value(Value),
    /// What stands there, or else that.
    IfNotExists(Path, Box<Term>),
    /// One list after the other.
    ListAppend(Box<Term>, Box<Term>),
    /// A sum.
    Plus(Box<Term>, Box<Term>),
    /// A difference.
    Minus(Box<Term>, Box<Term>),
}

impl Update {
    /// Every place that changes.
    pub fn places(&self) -> Vec<Path> {
        let valued = self.add.iter().chain(&self.delete).map(|(path, _)| path);
        self.set.iter().map(|(path, _)| path).chain(&self.remove).chain(valued).cloned().collect()
    }

    /// Refuses two changes of the same place.
    pub(crate) fn check_overlaps(&self) -> Result<(), CompanionsError> {
        let places = self.places();
        for (index, one) in places.iter().enumerate() {
            if let Some(other) = places[..index].iter().find(|other| other.overlaps(one)) {
                return Err(CompanionsError::Invalid(format!(
                    "Invalid UpdateExpression: Two document paths overlap with each other; must remove or rewrite one of \
                     these paths; path one: {}, path two: {}",
                    other.listed(),
                    one.listed()
                )));
            }
        }
        Ok(())
    }

    /// The item after the update.
    pub(crate) fn of(&self, old: &Item) -> Result<Item, CompanionsError> {
        let mut new = old.clone();
        for (path, term) in &self.set {
            let value = term.value(old)?;
            path.set(&mut new, value).map_err(wrong_path)?;
        }
        for (path, value) in &self.add {
            let sum = add(path.get(old), value)?;
            path.set(&mut new, sum).map_err(wrong_path)?;
        }
        for (path, value) in &self.delete {
            match path.get(old).map(|set| without(set, value)).transpose()? {
                Some(Some(rest)) => path.set(&mut new, rest).map_err(wrong_path)?,
                Some(None) => path.remove(&mut new).map_err(wrong_path)?,
                None => {}
            }
        }
        // From the back, so that taking one element of a list does not move the next one that goes.
        let mut remove: Vec<&Path> = self.remove.iter().collect();
        remove.sort();
        for path in remove.into_iter().rev() {
            path.remove(&mut new).map_err(wrong_path)?;
        }
        Ok(new)
    }
}

fn invalid(message: &str) -> CompanionsError {
    CompanionsError::Invalid(message.into())
}

fn wrong_path(_: NoSuchPlace) -> CompanionsError {
    invalid(WRONG_PATH)
}

impl Term {
    fn value(&self, item: &Item) -> Result<Value, CompanionsError> {
        match self {
            Self::Path(path) => path.get(item).cloned().ok_or_else(|| invalid(NO_ATTRIBUTE)),
            Self::Value(value) => Ok(value.clone()),
            Self::IfNotExists(path, otherwise) => match path.get(item) {
                Some(value) => Ok(value.clone()),
                None => otherwise.value(item),
            },
            Self::ListAppend(first, second) => match (first.value(item)?, second.value(item)?) {
                (Value::L(mut first), Value::L(second)) => {
                    first.extend(second);
                    Ok(Value::L(first))
                }
                _ => Err(invalid(WRONG_TYPE)),
            },
            Self::Plus(left, right) | Self::Minus(left, right) => {
                let (Value::N(left), Value::N(right)) = (left.value(item)?, right.value(item)?) else {
                    return Err(invalid(WRONG_TYPE));
                };
                let result = if matches!(self, Self::Plus(..)) { left.plus(right) } else { left.minus(right) };
                result.map(Value::N).map_err(|error| invalid(&error.to_string()))
            }
        }
    }
}

/// A number plus another, a set and more members, or the value alone where nothing was.
fn add(old: Option<&Value>, value: &Value) -> Result<Value, CompanionsError> {
    Ok(match (old, value) {
        (None, value) => value.clone(),
        (Some(Value::N(old)), Value::N(value)) => {
            Value::N(old.plus(*value).map_err(|error| invalid(&error.to_string()))?)
        }
        (Some(Value::Strings(old)), Value::Strings(more)) => Value::Strings(old | more),
        (Some(Value::Numbers(old)), Value::Numbers(more)) => Value::Numbers(old | more),
        (Some(Value::Binaries(old)), Value::Binaries(more)) => Value::Binaries(old | more),
        _ => return Err(invalid(WRONG_TYPE)),
    })
}

/// A set without some members; `None` when nothing is left, because no set is empty.
fn without(set: &Value, members: &Value) -> Result<Option<Value>, CompanionsError> {
    fn rest<T: Ord + Clone>(set: &BTreeSet<T>, members: &BTreeSet<T>) -> Option<BTreeSet<T>> {
        Some(set - members).filter(|rest| !rest.is_empty())
    }
    match (set, members) {
        (Value::Strings(set), Value::Strings(members)) => Ok(rest(set, members).map(Value::Strings)),
        (Value::Numbers(set), Value::Numbers(members)) => Ok(rest(set, members).map(Value::Numbers)),
        (Value::Binaries(set), Value::Binaries(members)) => Ok(rest(set, members).map(Value::Binaries)),
        _ => Err(invalid(WRONG_TYPE)),
    }
}
