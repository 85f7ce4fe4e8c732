//! A refusal of SQL text: where, and what to write instead.

use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Location, Span, TokenizerError};

/// Why the text was refused. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SqlError {
    /// The line of the first refused character.
    pub line: u64,
    /// Its column, in characters.
    pub column: u64,
    /// What is wrong, and what to write instead where there is something.
    pub message: String,
}

impl SqlError {
    /// A refusal at a place of the text.
    pub(crate) fn at(place: Location, message: impl Into<String>) -> Self {
        Self { line: place.line.max(1), column: place.column.max(1), message: message.into() }
    }

    /// A refusal of a piece of syntax; `fallback` stands in where the parser recorded no place.
    pub(crate) fn of(span: Span, fallback: Location, message: impl Into<String>) -> Self {
        Self::at(if span.start.line == 0 { fallback } else { span.start }, message)
    }

    /// What DataFusion says, shortened to its message; its own place of the text wins over `fallback`.
    pub(crate) fn planner(error: &datafusion_common::DataFusionError, fallback: Location) -> Self {
        let place = error
            .diagnostic()
            .and_then(|diagnostic| diagnostic.span)
            .map_or(fallback, |span| Location { line: span.start.line, column: span.start.column });
        let text = error.find_root().strip_backtrace();
        let message = ["Error during planning: ", "Schema error: ", "This feature is not implemented: ", "SQL error: "]
            .iter()
            .fold(text.as_str(), |text, prefix| text.strip_prefix(prefix).unwrap_or(text));
        // The made-up names of window functions mean nothing to the reader.
        Self::at(place, message.replace('\u{1}', ""))
    }

    /// The parser puts its place in the text of its message.
    pub(crate) fn parser(error: ParserError, fallback: Location) -> Self {
        let text = match error {
            ParserError::ParserError(text) | ParserError::TokenizerError(text) => text,
            ParserError::RecursionLimitExceeded => "the expression is nested too deeply".into(),
        };
        let Some((message, place)) = text.rsplit_once(" at Line: ") else { return Self::at(fallback, text) };
        let mut numbers = place.split(", Column: ").map(|n| n.trim().parse().unwrap_or(0));
        let (line, column) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Self::of(Span { start: Location { line, column }, end: Location { line, column } }, fallback, message)
    }
}

impl From<TokenizerError> for SqlError {
    fn from(error: TokenizerError) -> Self {
        Self::at(error.location, error.message)
    }
}
