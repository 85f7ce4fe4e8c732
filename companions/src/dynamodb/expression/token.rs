//! The words of an expression.

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// A keyword, function or attribute name.
    Word(&'t str),
    /// `#name`, with its mark.
    Name(&'t str),
    /// `:value`, with its mark.
    Value(&'t str),
    /// The index of a list element.
    Index(&'t str),
    /// A comparator or a sign.
    Symbol(&'static str),
}

/// Longer ones first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 14] = ["<>", "<=", ">=", "<", ">", "=", "(", ")", "[", "]", ",", ".", "+", "-"];

impl<'t> Token<'t> {
    /// The word as it stood in the text.
    pub(super) fn text(self) -> &'t str {
        match self {
            Self::Word(text) | Self::Name(text) | Self::Value(text) | Self::Index(text) => text,
            Self::Symbol(text) => text,
        }
    }
}

/// A word and where it begins.
pub(super) type Placed<'t> = (usize, Token<'t>);

/// Splits a text into words; the error is DynamoDB's.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed<'_>>, String> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let token = if let Some(symbol) = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol)) {
            Token::Symbol(symbol)
        } else {
            word(rest, first).ok_or_else(|| {
                let near: String = rest.chars().take(10).collect();
                format!("Syntax error; token: \"{first}\", near: \"{near}\"")
            })?
        };
        tokens.push((at, token));
        at += token.text().len();
    }
    Ok(tokens)
}

fn word(rest: &str, first: char) -> Option<Token<'_>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = |from: usize| rest[from..].find(|c| !is_part(c)).map_or(rest.len(), |length| from + length);
    match first {
        '#' | ':' => {
            let text = &rest[..end(1)];
            let token = if first == '#' { Token::Name(text) } else { Token::Value(text) };
            (text.len() > 1).then_some(token)
        }
        '0'..='9' => {
            let text = &rest[..end(0)];
            text.bytes().all(|b| b.is_ascii_digit()).then_some(Token::Index(text))
        }
        'a'..='z' | 'A'..='Z' | '_' => Some(Token::Word(&rest[..end(0)])),
        _ => None,
    }
}
