//! Prefixes with expressions `!{namespace:value}`, read once at creation.

use jiff::ZonedDateTime;
use types::{Random, new_uuid};

use super::time_format::{TimeFormat, TimeFormatError};

/// Length of `!{firehose:random-string}` (developer guide, custom prefixes).
const RANDOM_STRING_CHARACTERS: usize = 11;

/// What a text with expressions is for, which decides on the expressions that it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place<'a> {
    Prefix,
    ErrorPrefix,
    Template(ChannelNames<'a>),
}

/// What a channel's template may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChannelNames<'a> {
    pub(crate) channel: &'a str,
    pub(crate) stream: &'a str,
}

/// A prefix, key setting or zone that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PrefixError {
    // "Ths" is what AWS writes; scripts may look for the sentence.
    #[error(
        "Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix cannot be null or empty \
         when Prefix contains expressions"
    )]
    ErrorPrefixMissing,
    #[error(
        "Ths supplied prefix(es) do not satisfy the following constraint: ErrorOutputPrefix must contain \
         !{{firehose:error-output-type}} when it contains expressions"
    )]
    ErrorTypeMissing,
    #[error(
        "Ths supplied prefix(es) do not satisfy the following constraint: Prefix cannot contain \
         !{{firehose:error-output-type}}"
    )]
    ErrorTypeInPrefix,
    #[error("The prefix has an expression that does not end: {0:?}. An expression is !{{namespace:value}}.")]
    Unclosed(String),
    #[error("The prefix has an expression without a namespace: {0:?}. An expression is !{{namespace:value}}.")]
    NoNamespace(String),
    #[error(
        "The prefix has an unknown expression: !{{{0}}}. Known are timestamp, firehose:random-string and, in \
         ErrorOutputPrefix, firehose:error-output-type."
    )]
    Unknown(String),
    #[error(
        "The template has an unknown expression: !{{{0}}}. Known are timestamp, channel:name, stream:name and \
         random:uuid."
    )]
    UnknownInTemplate(String),
    #[error("The prefix uses !{{{0}}}, but dynamic partitioning is not supported.")]
    Partitioning(String),
    #[error("The prefix has a timestamp that is not understood: {0}")]
    TimeFormat(TimeFormatError),
    #[error("The prefix is longer than {characters_max} characters when it is evaluated.")]
    TooLong { characters_max: usize },
    #[error("The prefix must not start with '/' nor contain '//', '/./', '/../' or control characters.")]
    Segments,
    #[error("The custom time zone {0:?} is not known.")]
    TimeZone(String),
}

#[derive(Debug)]
enum Part {
    Text(String),
    Time(TimeFormat),
    RandomString,
    Uuid,
    ErrorOutputType,
}

/// See the module text.
#[derive(Debug)]
pub(super) struct Prefix {
    parts: Vec<Part>,
}

impl Prefix {
    pub(super) fn parse(text: &str, place: Place<'_>) -> Result<Self, PrefixError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("!{") {
            let (before, expression) = rest.split_at(start);
            if !before.is_empty() {
                parts.push(Part::Text(before.into()));
            }
            let inner = &expression[2..];
            let end = end_of_expression(inner).ok_or_else(|| PrefixError::Unclosed(expression.into()))?;
            parts.push(Part::parse(&inner[..end], place)?);
            rest = &inner[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.into()));
        }
        Ok(Self { parts })
    }

    /// A text without expressions.
    pub(super) fn text(text: String) -> Self {
        Self { parts: vec![Part::Text(text)] }
    }

    /// Another UUID each time.
    pub(super) fn uuid() -> Self {
        Self { parts: vec![Part::Uuid] }
    }

    /// Whether a UUID is followed by plain text without a slash only, so that it is in the last segment.
    pub(super) fn ends_in_uuid(&self) -> bool {
        let is_ending = |part: &&Part| matches!(part, Part::Text(text) if !text.contains('/'));
        matches!(self.parts.iter().rev().find(|part| !is_ending(part)), Some(Part::Uuid))
    }

    pub(super) fn append(&mut self, other: Self) {
        self.parts.extend(other.parts);
    }

    pub(super) fn has_expression(&self) -> bool {
        self.parts.iter().any(|part| !matches!(part, Part::Text(_)))
    }

    pub(super) fn has_time(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Time(_)))
    }

    pub(super) fn has_error_type(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::ErrorOutputType))
    }

    /// The text at a time; each random string is another one.
    pub(super) fn evaluate(&self, at: &ZonedDateTime, random: &dyn Random) -> String {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Time(format) => text.push_str(&format.format(at)),
                // The guide's example, 046b6c7f-0b, is the head of a UUID.
                Part::RandomString => text.push_str(&new_uuid(random).to_string()[..RANDOM_STRING_CHARACTERS]),
                Part::Uuid => text.push_str(&new_uuid(random).to_string()),
                // Only in an ErrorOutputPrefix, which is checked but not evaluated: nothing here fails a record yet.
                Part::ErrorOutputType => {}
            }
        }
        text
    }
}

impl Part {
    fn parse(expression: &str, place: Place<'_>) -> Result<Self, PrefixError> {
        let colon = expression.split_once(':').ok_or_else(|| PrefixError::NoNamespace(expression.into()))?;
        match (place, colon) {
            (_, ("timestamp", pattern)) => TimeFormat::parse(pattern).map(Self::Time).map_err(PrefixError::TimeFormat),
            (Place::Template(names), ("channel", "name")) => Ok(Self::Text(names.channel.into())),
            (Place::Template(names), ("stream", "name")) => Ok(Self::Text(names.stream.into())),
            (Place::Template(_), ("random", "uuid")) => Ok(Self::Uuid),
            (Place::Template(_), _) => Err(PrefixError::UnknownInTemplate(expression.into())),
            (_, expression) => Self::of_firehose(expression, place),
        }
    }

    fn of_firehose((namespace, value): (&str, &str), place: Place<'_>) -> Result<Self, PrefixError> {
        let expression = || format!("{namespace}:{value}");
        match (namespace, value) {
            ("firehose", "random-string") => Ok(Self::RandomString),
            ("firehose", "error-output-type") if place == Place::ErrorPrefix => Ok(Self::ErrorOutputType),
            ("firehose", "error-output-type") => Err(PrefixError::ErrorTypeInPrefix),
            ("partitionKeyFromQuery" | "partitionKeyFromLambda", _) => Err(PrefixError::Partitioning(expression())),
            _ => Err(PrefixError::Unknown(expression())),
        }
    }
}

/// The brace that ends an expression: the first one outside single quotes.
fn end_of_expression(inner: &str) -> Option<usize> {
    let mut quoted = false;
    for (index, character) in inner.char_indices() {
        match character {
            '\'' => quoted = !quoted,
            '}' if !quoted => return Some(index),
            '{' if !quoted => return None,
            _ => {}
        }
    }
    None
}
