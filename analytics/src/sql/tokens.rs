//! Flink's dialect for sqlparser's tokenizer, and a cursor over tokens for the statements that sqlparser cannot read.

use sqlparser::ast::Expr;
use sqlparser::dialect::Dialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, Whitespace};

use super::SqlError;

/// Identifiers stand in backquotes and strings in single quotes, as in Flink; nothing else is special.
#[derive(Debug)]
pub(crate) struct FlinkDialect;

impl Dialect for FlinkDialect {
    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        ch == '`'
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_' || ch == '$'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }
}

/// Splits the text into tokens without white space and comments.
pub(crate) fn tokenize(text: &str) -> Result<Vec<TokenWithSpan>, SqlError> {
    let tokens = Tokenizer::new(&FlinkDialect, text).tokenize_with_location()?;
    let mut kept = Vec::with_capacity(tokens.len() / 2);
    for token in tokens {
        match &token.token {
            Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+') => {
                return Err(SqlError::at(token.span.start, "hints are not supported; put the options into WITH (…)"));
            }
            Token::Whitespace(_) => {}
            Token::DoubleQuotedString(_) => {
                let hint = "double quotes mean nothing here; write `name` for identifiers and 'text' for strings";
                return Err(SqlError::at(token.span.start, hint));
            }
            _ => kept.push(token),
        }
    }
    Ok(kept)
}

/// Whether the token is that keyword, in any case and unquoted.
pub(crate) fn is_keyword(token: &Token, keyword: &str) -> bool {
    matches!(token, Token::Word(word) if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(keyword))
}

/// A position in the tokens of one statement.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    tokens: &'a [TokenWithSpan],
    next: usize,
    end: Location,
}

impl<'a> Cursor<'a> {
    /// At the first token; `end` is the place blamed when the tokens run out.
    pub(crate) fn new(tokens: &'a [TokenWithSpan], end: Location) -> Self {
        Self { tokens, next: 0, end }
    }

    pub(crate) fn peek(&self) -> &'a Token {
        self.peek_ahead(0)
    }

    pub(crate) fn peek_ahead(&self, count: usize) -> &'a Token {
        self.tokens.get(self.next + count).map_or(&Token::EOF, |token| &token.token)
    }

    /// Where the next token is.
    pub(crate) fn place(&self) -> Location {
        self.tokens.get(self.next).map_or(self.end, |token| token.span.start)
    }

    /// How many tokens were taken.
    pub(crate) fn index(&self) -> usize {
        self.next
    }

    pub(crate) fn advance(&mut self) -> &'a Token {
        let token = self.peek();
        self.next += 1;
        token
    }

    pub(crate) fn at_end(&self) -> bool {
        self.next >= self.tokens.len()
    }

    /// Takes the next token if it is that one.
    pub(crate) fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == token;
        self.next += usize::from(found);
        found
    }

    /// Takes the keywords if all of them come next.
    pub(crate) fn take_keywords(&mut self, keywords: &[&str]) -> bool {
        let found = keywords.iter().enumerate().all(|(i, keyword)| is_keyword(self.peek_ahead(i), keyword));
        self.next += if found { keywords.len() } else { 0 };
        found
    }

    pub(crate) fn expect(&mut self, token: &Token) -> Result<(), SqlError> {
        if self.take(token) { Ok(()) } else { Err(self.unexpected(&format!("{token}"))) }
    }

    pub(crate) fn expect_keyword(&mut self, keyword: &str) -> Result<(), SqlError> {
        if self.take_keywords(&[keyword]) { Ok(()) } else { Err(self.unexpected(keyword)) }
    }

    pub(crate) fn expect_end(&self) -> Result<(), SqlError> {
        if self.at_end() { Ok(()) } else { Err(self.unexpected("the end of the statement")) }
    }

    /// A name: a word, quoted or not.
    pub(crate) fn identifier(&mut self, what: &str) -> Result<String, SqlError> {
        match self.peek() {
            Token::Word(word) => {
                self.next += 1;
                Ok(word.value.clone())
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// A text in single quotes.
    pub(crate) fn string(&mut self, what: &str) -> Result<String, SqlError> {
        match self.peek() {
            Token::SingleQuotedString(text) => {
                self.next += 1;
                Ok(text.clone())
            }
            _ => Err(self.unexpected(what)),
        }
    }

    /// A whole number without sign.
    pub(crate) fn number(&mut self, what: &str) -> Result<u64, SqlError> {
        let parsed = match self.peek() {
            Token::Number(text, false) => text.parse().ok(),
            _ => None,
        };
        let number = parsed.ok_or_else(|| self.unexpected(what))?;
        self.next += 1;
        Ok(number)
    }

    /// The error that something else than `wanted` comes next.
    pub(crate) fn unexpected(&self, wanted: &str) -> SqlError {
        let found = match self.peek() {
            Token::EOF => "the text ends".to_string(),
            token => format!("found {token}"),
        };
        SqlError::at(self.place(), format!("expected {wanted}, {found}"))
    }

    /// The tokens up to a comma or closing bracket of this level, not including it.
    pub(crate) fn until_separator(&mut self) -> &'a [TokenWithSpan] {
        let start = self.next;
        let mut depth = 0usize;
        loop {
            match self.peek() {
                Token::EOF => break,
                Token::LParen => depth += 1,
                Token::RParen | Token::Comma if depth == 0 => break,
                Token::RParen => depth -= 1,
                _ => {}
            }
            self.next += 1;
        }
        &self.tokens[start..self.next]
    }

    /// An expression that reaches to a comma or closing bracket of this level.
    pub(crate) fn expression(&mut self) -> Result<Expr, SqlError> {
        let place = self.place();
        let tokens = self.until_separator().to_vec();
        if tokens.is_empty() {
            return Err(self.unexpected("an expression"));
        }
        let mut parser = Parser::new(&FlinkDialect).with_tokens_with_locations(tokens);
        let expression = parser.parse_expr().map_err(|error| SqlError::parser(error, place))?;
        let rest = parser.peek_token();
        if rest.token != Token::EOF {
            return Err(SqlError::at(rest.span.start, format!("expected the end of the expression, found {rest}")));
        }
        Ok(expression)
    }
}
