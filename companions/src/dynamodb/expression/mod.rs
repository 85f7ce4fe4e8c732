//! The expression language: text to trees.
//!
//! Owns: the grammar of conditions, updates and projections, and the names and values that stand for something in them.
//! One tokenizer (`token.rs`), one cursor with a depth bound (`parser.rs`), one file for each grammar. Refuses: what the
//! trees mean (`../condition.rs`, `../update.rs`). Reserved words are taken as names, which AWS refuses.

mod condition;
mod parser;
mod token;
mod update;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::parser::Parser;
use super::condition::Condition;
use super::path::Path;
use super::update::Update;
use super::value::Value;
use crate::CompanionsError;

/// Longest expression (developer guide: 4 KB).
const EXPRESSION_BYTES_MAX: usize = 4096;

/// Which member of a request an expression is, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// ConditionExpression.
    Condition,
    /// FilterExpression.
    Filter,
    /// KeyConditionExpression.
    KeyCondition,
    /// ProjectionExpression.
    Projection,
    /// UpdateExpression.
    Update,
}

impl Role {
    /// The name of the member.
    pub fn name(self) -> &'static str {
        match self {
            Self::Condition => "ConditionExpression",
            Self::Filter => "FilterExpression",
            Self::KeyCondition => "KeyConditionExpression",
            Self::Projection => "ProjectionExpression",
            Self::Update => "UpdateExpression",
        }
    }
}

/// The expressions of one request: reads them one after the other and remembers what they used.
#[derive(Debug, Default)]
pub struct Expressions {
    names: Option<BTreeMap<String, String>>,
    values: Option<BTreeMap<String, Value>>,
    used: BTreeSet<String>,
    count: usize,
}

impl Expressions {
    /// With what stands for names (`#n`) and values (`:v`).
    pub fn new(names: Option<BTreeMap<String, String>>, values: Option<BTreeMap<String, Value>>) -> Self {
        Self { names, values, used: BTreeSet::new(), count: 0 }
    }

    /// A condition, filter or key condition.
    pub fn condition(&mut self, role: Role, text: &str) -> Result<Condition, CompanionsError> {
        self.read(role, text, condition::parse)
    }

    /// A projection: the paths to keep.
    pub fn projection(&mut self, text: &str) -> Result<Vec<Path>, CompanionsError> {
        self.read(Role::Projection, text, |parser| {
            let paths = parser.list(Parser::path)?;
            for (index, one) in paths.iter().enumerate() {
                if let Some(other) = paths[..index].iter().find(|other| other.overlaps(one)) {
                    return Err(format!(
                        "Two document paths overlap with each other; must remove or rewrite one of these paths; path \
                         one: {}, path two: {}",
                        other.listed(),
                        one.listed()
                    ));
                }
            }
            Ok(paths)
        })
    }

    /// An update.
    pub fn update(&mut self, text: &str) -> Result<Update, CompanionsError> {
        let update = self.read(Role::Update, text, update::parse)?;
        update.check_overlaps()?;
        Ok(update)
    }

    fn read<T>(
        &mut self,
        role: Role,
        text: &str,
        grammar: impl FnOnce(&mut Parser<'_>) -> Result<T, String>,
    ) -> Result<T, CompanionsError> {
        self.count += 1;
        let invalid = |why: String| CompanionsError::Invalid(format!("Invalid {}: {why}", role.name()));
        if text.trim().is_empty() {
            return Err(invalid("The expression can not be empty;".into()));
        }
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(invalid(format!(
                "Expression size has exceeded the maximum allowed size; expression size: {}",
                text.len()
            )));
        }
        let mut parser = Parser::new(text, self).map_err(invalid)?;
        let tree = grammar(&mut parser).and_then(|tree| parser.end().map(|()| tree)).map_err(invalid)?;
        Ok(tree)
    }

    fn name(&mut self, placeholder: &str) -> Result<String, String> {
        let name = self.names.as_ref().and_then(|names| names.get(placeholder)).ok_or_else(|| {
            format!(
                "An expression attribute name used in the document path is not defined; attribute name: {placeholder}"
            )
        })?;
        self.used.insert(placeholder.into());
        Ok(name.clone())
    }

    fn value(&mut self, placeholder: &str) -> Result<Value, String> {
        let value = self.values.as_ref().and_then(|values| values.get(placeholder)).ok_or_else(|| {
            format!("An expression attribute value used in expression is not defined; attribute value: {placeholder}")
        })?;
        self.used.insert(placeholder.into());
        Ok(value.clone())
    }

    /// Refuses names and values that no expression used, or that stand where no expression does.
    pub fn finish(self) -> Result<(), CompanionsError> {
        let names = self.names.map(|names| names.into_keys().collect::<Vec<_>>());
        let values = self.values.map(|values| values.into_keys().collect::<Vec<_>>());
        for (member, given) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
            let Some(given) = given else { continue };
            let message = if self.count == 0 {
                format!("{member} can only be specified when using expressions")
            } else if given.is_empty() {
                format!("{member} must not be empty")
            } else {
                let unused: Vec<&str> = given.iter().map(String::as_str).filter(|n| !self.used.contains(*n)).collect();
                if unused.is_empty() {
                    continue;
                }
                format!("Value provided in {member} unused in expressions: keys: {{{}}}", unused.join(", "))
            };
            return Err(CompanionsError::Invalid(message));
        }
        Ok(())
    }
}
