//! The cursor over the words of an expression, and what all grammars share: paths, values, lists, the depth bound.

use super::Expressions;
use super::token::{Placed, Token, tokens};
use crate::dynamodb::path::{Path, Step};
use crate::dynamodb::value::Value;

/// Deepest nesting of parentheses and functions. Trees are persisted as JSON, whose reader stops at 128 levels: this
/// and the 32 levels of a value stay below it.
const DEPTH_MAX: usize = 8;
/// Characters of the text that a syntax error shows on each side.
const NEAR: usize = 12;

/// What a grammar answers; the error is a sentence without the name of the expression.
pub(super) type Parsed<T> = Result<T, String>;

pub(super) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Placed<'t>>,
    next: usize,
    depth: usize,
    stands_for: &'t mut Expressions,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, stands_for: &'t mut Expressions) -> Parsed<Self> {
        Ok(Self { text, tokens: tokens(text)?, next: 0, depth: 0, stands_for })
    }

    pub(super) fn peek(&self) -> Option<Token<'t>> {
        self.peek_after(0)
    }

    pub(super) fn peek_after(&self, words: usize) -> Option<Token<'t>> {
        self.tokens.get(self.next + words).map(|(_, token)| *token)
    }

    /// Steps over the next word.
    pub(super) fn skip(&mut self) {
        self.next += 1;
    }

    /// Steps over that symbol if it is next.
    pub(super) fn take(&mut self, symbol: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Symbol(next)) if next == symbol);
        self.next += usize::from(is_next);
        is_next
    }

    /// Steps over that keyword, in any case, if it is next.
    pub(super) fn take_keyword(&mut self, keyword: &str) -> bool {
        let is_next = matches!(self.peek(), Some(Token::Word(next)) if next.eq_ignore_ascii_case(keyword));
        self.next += usize::from(is_next);
        is_next
    }

    /// The name of a function that is called next, with its parenthesis stepped over.
    pub(super) fn take_call(&mut self) -> Option<&'t str> {
        match (self.peek(), self.peek_after(1)) {
            (Some(Token::Word(name)), Some(Token::Symbol("("))) => {
                self.next += 2;
                Some(name)
            }
            _ => None,
        }
    }

    pub(super) fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) { Ok(()) } else { Err(self.syntax_error()) }
    }

    pub(super) fn end(&mut self) -> Parsed<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// The next word is not what the grammar wants.
    pub(super) fn syntax_error(&self) -> String {
        let Some((at, token)) = self.tokens.get(self.next) else {
            let near: String = self.text.chars().skip(self.text.chars().count().saturating_sub(NEAR)).collect();
            return format!("Syntax error; token: \"<EOF>\", near: \"{near}\"");
        };
        let from = self.tokens.get(self.next.saturating_sub(1)).map_or(*at, |(before, _)| *before);
        let near: String = self.text[from..].chars().take(*at - from + token.text().len() + NEAR).collect();
        format!("Syntax error; token: \"{}\", near: \"{near}\"", token.text())
    }

    /// Runs a grammar one level deeper.
    pub(super) fn deeper<T>(&mut self, grammar: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_MAX {
            return Err(format!("The expression is nested more than {DEPTH_MAX} levels deep"));
        }
        self.depth += 1;
        let parsed = grammar(self);
        self.depth -= 1;
        parsed
    }

    /// One or more, with commas between.
    pub(super) fn list<T>(&mut self, one: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut list = vec![one(self)?];
        while self.take(",") {
            list.push(one(self)?);
        }
        Ok(list)
    }

    /// `:value`, if it is next.
    pub(super) fn value(&mut self) -> Option<Parsed<Value>> {
        let Some(Token::Value(placeholder)) = self.peek() else { return None };
        self.skip();
        Some(self.stands_for.value(placeholder))
    }

    /// `a.#b[0]`.
    pub(super) fn path(&mut self) -> Parsed<Path> {
        let mut path = Path::attribute(self.step_name()?);
        loop {
            if self.take(".") {
                path.steps.push(Step::Key(self.step_name()?));
            } else if self.take("[") {
                let Some(Token::Index(index)) = self.peek() else { return Err(self.syntax_error()) };
                let index = index.parse().map_err(|_| self.syntax_error())?;
                self.skip();
                self.expect("]")?;
                path.steps.push(Step::Index(index));
            } else {
                return Ok(path);
            }
        }
    }

    fn step_name(&mut self) -> Parsed<String> {
        let name = match self.peek() {
            Some(Token::Word(word)) => word.to_owned(),
            Some(Token::Name(placeholder)) => self.stands_for.name(placeholder)?,
            _ => return Err(self.syntax_error()),
        };
        self.skip();
        Ok(name)
    }
}
