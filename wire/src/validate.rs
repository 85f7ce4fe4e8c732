//! The models' constraints, checked after decoding and reported together in AWS's words:
//! `2 validation errors detected: Value '' at 'streamName' failed to satisfy constraint: Member must …; Value …`.
//!
//! The rules are generated data ([`Rules`]); this walks a shape with them. Paths are built only for what fails.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use regex::Regex;

use crate::{Blob, Encode, Timestamp};

mod java_text;

/// Most clauses that one message holds; AWS stops there as well.
const PROBLEMS_MAX: usize = 10;

/// Checks a decoded input. The error is the message of a ValidationException.
pub fn validate<T: Check>(input: &T) -> Result<(), String> {
    let mut problems = Problems::default();
    input.check(&Rules::NONE, &Path::Root, &mut problems);
    problems.into_message()
}

/// The message for members that a service requires although the model does not; `None` without any. `paths` as in
/// `records.1.member.partitionKey`.
pub fn must_not_be_null(paths: impl IntoIterator<Item = String>) -> Option<String> {
    let null = |path| format!("Value null at '{path}' failed to satisfy constraint: Member must not be null");
    Problems { clauses: paths.into_iter().take(PROBLEMS_MAX).map(null).collect() }.into_message().err()
}

/// A shape whose constraints can be checked.
pub trait Check {
    /// Whether the value has no parts: in a list or map it is spoken of with the whole, not by its own path.
    const IS_LEAF: bool = false;

    /// Checks the value at `at` against the rules of its shape.
    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems);
}

/// The constraints of one model shape; what is absent is not checked.
pub struct Rules {
    pub(crate) pattern: Option<&'static Pattern>,
    /// Least length in characters, bytes or entries, or least value.
    pub(crate) min: Option<i64>,
    /// Greatest length or value.
    pub(crate) max: Option<i64>,
    /// The values of an enum; empty for any.
    pub(crate) values: &'static [&'static str],
    /// The rules of a map's keys.
    pub(crate) key: Option<&'static Rules>,
    /// The rules of a list's elements or a map's values.
    pub(crate) member: Option<&'static Rules>,
}

impl Rules {
    /// No constraints.
    pub(crate) const NONE: Self = Self { pattern: None, min: None, max: None, values: &[], key: None, member: None };

    fn is_broken_by<T: Check>(&self, part: &T) -> bool {
        let mut problems = Problems::default();
        part.check(self, &Path::Root, &mut problems);
        !problems.clauses.is_empty()
    }
}

/// All rules of a list's elements or a map's parts, as AWS lists them where any of them is broken.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let max = self.max.map(|max| format!("Member must have length less than or equal to {max}"));
        let min = self.min.map(|min| format!("Member must have length greater than or equal to {min}"));
        let values = (!self.values.is_empty())
            .then(|| format!("Member must satisfy enum value set: [{}]", self.values.join(", ")));
        let shown = self.pattern.map(|pattern| pattern.shown);
        let pattern = shown.map(|shown| format!("Member must satisfy regular expression pattern: {shown}"));
        let all: Vec<String> = [max, min, values, pattern].into_iter().flatten().collect();
        write!(f, "[{}]", all.join(", "))
    }
}

/// A pattern: the text that messages show, and the same language in our dialect, compiled at first use.
pub(crate) struct Pattern {
    shown: &'static str,
    source: &'static str,
    regex: OnceLock<Regex>,
}

impl Pattern {
    pub(crate) const fn new(shown: &'static str, source: &'static str) -> Self {
        Self { shown, source, regex: OnceLock::new() }
    }

    fn matches(&self, text: &str) -> bool {
        let compile = || Regex::new(self.source).expect("a test compiles every generated pattern");
        self.regex.get_or_init(compile).is_match(text)
    }
}

/// Where a value stands in the input; text only when it is shown.
pub enum Path<'a> {
    /// The input itself.
    Root,
    /// A member of a structure, in lower camel case.
    Member(&'a Path<'a>, &'static str),
    /// An element of a list, counted from zero here and from one when shown.
    Element(&'a Path<'a>, usize),
    /// A value of a map.
    Value(&'a Path<'a>, &'a str),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Path::Root, name) => f.write_str(name),
            Self::Member(parent, name) => write!(f, "{parent}.{name}"),
            Self::Element(parent, index) => write!(f, "{parent}.{}.member", index + 1),
            // A key is the caller's text, so only its beginning is shown.
            Self::Value(parent, key) => write!(f, "{parent}.{:.128}.member", key),
        }
    }
}

/// The clauses collected so far.
#[derive(Default)]
pub struct Problems {
    clauses: Vec<String>,
}

impl Problems {
    /// A member that must be there.
    pub(crate) fn required<T: Check + Encode>(
        &mut self,
        at: &Path<'_>,
        name: &'static str,
        value: &Option<T>,
        rules: &Rules,
    ) {
        if value.is_none() {
            self.add_null(&Path::Member(at, name));
        }
        self.optional(at, name, value, rules);
    }

    /// A member that may be absent.
    pub(crate) fn optional<T: Check + Encode>(
        &mut self,
        at: &Path<'_>,
        name: &'static str,
        value: &Option<T>,
        rules: &Rules,
    ) {
        if let Some(value) = value {
            value.check(rules, &Path::Member(at, name), self);
        }
    }

    fn add_null(&mut self, at: &Path<'_>) {
        if self.clauses.len() < PROBLEMS_MAX {
            self.clauses.push(format!("Value null at '{at}' failed to satisfy constraint: Member must not be null"));
        }
    }

    fn refuse<T: Encode>(&mut self, value: &T, at: &Path<'_>, must: fmt::Arguments<'_>) {
        self.add_about("Member", value, at, must);
    }

    /// As [`Self::refuse`] with another word for what must.
    fn add_about<T: Encode>(&mut self, who: &str, value: &T, at: &Path<'_>, must: fmt::Arguments<'_>) {
        if self.clauses.len() < PROBLEMS_MAX {
            let value = java_text::of(value);
            self.clauses.push(format!("Value '{value}' at '{at}' failed to satisfy constraint: {who} must {must}"));
        }
    }

    /// Length in the shape's own unit; `length` is as long as it needs to be to see which side is broken.
    fn length<T: Encode>(&mut self, value: &T, length: i64, rules: &Rules, at: &Path<'_>) {
        if let Some(min) = rules.min.filter(|min| length < *min) {
            self.refuse(value, at, format_args!("have length greater than or equal to {min}"));
        }
        if let Some(max) = rules.max.filter(|max| length > *max) {
            self.refuse(value, at, format_args!("have length less than or equal to {max}"));
        }
    }

    fn range(&mut self, value: i64, rules: &Rules, at: &Path<'_>) {
        if let Some(min) = rules.min.filter(|min| value < *min) {
            self.refuse(&value, at, format_args!("have value greater than or equal to {min}"));
        }
        if let Some(max) = rules.max.filter(|max| value > *max) {
            self.refuse(&value, at, format_args!("have value less than or equal to {max}"));
        }
    }

    fn into_message(self) -> Result<(), String> {
        let count = self.clauses.len();
        match count {
            0 => Ok(()),
            1 => Err(format!("1 validation error detected: {}", self.clauses.join("; "))),
            _ => Err(format!("{count} validation errors detected: {}", self.clauses.join("; "))),
        }
    }
}

impl Check for String {
    const IS_LEAF: bool = true;

    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems) {
        if let Some(pattern) = rules.pattern.filter(|pattern| !pattern.matches(self)) {
            problems.refuse(self, at, format_args!("satisfy regular expression pattern: {}", pattern.shown));
        }
        if !rules.values.is_empty() && !rules.values.contains(&self.as_str()) {
            problems.refuse(self, at, format_args!("satisfy enum value set: [{}]", rules.values.join(", ")));
        }
        if rules.min.is_some() || rules.max.is_some() {
            problems.length(self, self.chars().count() as i64, rules, at);
        }
    }
}

impl Check for Blob {
    const IS_LEAF: bool = true;

    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems) {
        problems.length(self, self.0.len() as i64, rules, at);
    }
}

impl Check for i32 {
    const IS_LEAF: bool = true;

    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems) {
        problems.range((*self).into(), rules, at);
    }
}

impl Check for i64 {
    const IS_LEAF: bool = true;

    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems) {
        problems.range(*self, rules, at);
    }
}

impl Check for f64 {
    const IS_LEAF: bool = true;

    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems) {
        if let Some(min) = rules.min.filter(|min| *self < *min as Self) {
            problems.refuse(self, at, format_args!("have value greater than or equal to {min}"));
        }
        if let Some(max) = rules.max.filter(|max| *self > *max as Self) {
            problems.refuse(self, at, format_args!("have value less than or equal to {max}"));
        }
    }
}

impl Check for bool {
    fn check(&self, _: &Rules, _: &Path<'_>, _: &mut Problems) {}
}

impl Check for Timestamp {
    fn check(&self, _: &Rules, _: &Path<'_>, _: &mut Problems) {}
}

impl<T: Check + Encode> Check for Vec<T> {
    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems) {
        problems.length(self, self.len() as i64, rules, at);
        let member = rules.member.unwrap_or(&Rules::NONE);
        if !T::IS_LEAF {
            for (index, element) in self.iter().enumerate() {
                element.check(member, &Path::Element(at, index), problems);
            }
        } else if self.iter().any(|element| member.is_broken_by(element)) {
            // One clause on the whole list, however many elements break the rule.
            problems.refuse(self, at, format_args!("satisfy constraint: {member}"));
        }
    }
}

impl<T: Check + Encode> Check for BTreeMap<String, T> {
    fn check(&self, rules: &Rules, at: &Path<'_>, problems: &mut Problems) {
        problems.length(self, self.len() as i64, rules, at);
        if let Some(broken) = rules.key.filter(|rules| self.keys().any(|key| rules.is_broken_by(key))) {
            problems.add_about("Map keys", self, at, format_args!("satisfy constraint: {broken}"));
        }
        let member = rules.member.unwrap_or(&Rules::NONE);
        if !T::IS_LEAF {
            for (key, value) in self {
                value.check(member, &Path::Value(at, key), problems);
            }
        } else if self.values().any(|value| member.is_broken_by(value)) {
            problems.add_about("Map value", self, at, format_args!("satisfy constraint: {member}"));
        }
    }
}

#[cfg(test)]
mod tests;
