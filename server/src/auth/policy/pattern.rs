//! Texts with `*`, `?` and policy variables, matched without recursion.

use super::Context;

/// One step of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// `*`: any number of any characters.
    Any,
    /// `?`: one character.
    One,
    /// That character.
    Char(char),
}

/// A pattern as the policy wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: String,
    /// The tokens, when no variable has to be filled in for each request.
    fixed: Option<Vec<Token>>,
}

impl Pattern {
    /// Reads a pattern; `variables` says whether `${…}` means something (policy version 2012-10-17).
    pub(super) fn new(text: &str, variables: bool) -> Self {
        let fixed = (!variables || !text.contains("${")).then(|| tokens(text));
        Self { text: text.to_owned(), fixed }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches whatever it is held against.
    pub(super) fn is_everything(&self) -> bool {
        self.text == "*"
    }

    /// Whether the text fits; `None` when a variable has no value in this request.
    pub(super) fn matches(&self, text: &str, context: &Context<'_>) -> Option<bool> {
        match &self.fixed {
            Some(tokens) => Some(fits(tokens, text)),
            None => Some(fits(&filled(&self.text, context)?, text)),
        }
    }

    /// As [`Self::matches`], with each of the six parts of an ARN held against its own part, so that a wildcard for
    /// a region cannot swallow the account.
    pub(super) fn matches_arn(&self, arn: &str, context: &Context<'_>) -> Option<bool> {
        if self.is_everything() {
            return Some(true);
        }
        let owned;
        let tokens = match &self.fixed {
            Some(tokens) => tokens,
            None => {
                owned = filled(&self.text, context)?;
                &owned
            }
        };
        let (patterns, parts) = (tokens.splitn(6, |token| *token == Token::Char(':')), arn.splitn(6, ':'));
        let (patterns, parts): (Vec<_>, Vec<_>) = (patterns.collect(), parts.collect());
        let alike = patterns.len() == 6 && parts.len() == 6;
        Some(alike && patterns.iter().zip(parts).all(|(pattern, part)| fits(pattern, part)))
    }

    /// The text with its variables filled in, for operators that know no wildcards.
    pub(super) fn plain(&self, context: &Context<'_>) -> Option<String> {
        if self.fixed.is_some() {
            return Some(self.text.clone());
        }
        let letters = filled(&self.text, context)?.into_iter().map(|token| match token {
            Token::Any => '*',
            Token::One => '?',
            Token::Char(letter) => letter,
        });
        Some(letters.collect())
    }
}

/// Whether the name of an action fits a pattern; these ignore case and know no variables.
pub(super) fn fits_ignoring_case(pattern: &str, text: &str) -> bool {
    fits(&tokens(&pattern.to_ascii_lowercase()), &text.to_ascii_lowercase())
}

fn tokens(text: &str) -> Vec<Token> {
    text.chars().map(token).collect()
}

fn token(letter: char) -> Token {
    match letter {
        '*' => Token::Any,
        '?' => Token::One,
        other => Token::Char(other),
    }
}

/// Fills in the variables: `${aws:username}`, `${aws:username, 'default'}`, and `${*}`, `${?}`, `${$}` for the
/// characters themselves. What a variable brings in is text: a star in a user's name matches a star.
fn filled(text: &str, context: &Context<'_>) -> Option<Vec<Token>> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.extend(before.chars().map(token));
        let Some((name, behind)) = after.split_once('}') else {
            out.extend("${".chars().map(Token::Char));
            rest = after;
            continue;
        };
        rest = behind;
        if matches!(name, "*" | "?" | "$") {
            out.extend(name.chars().map(Token::Char));
            continue;
        }
        let (name, default) = name.split_once(',').map_or((name, None), |(name, default)| (name, Some(default)));
        let value = context.value(name.trim()).map(|value| value.into_owned());
        let default = || Some(default?.trim().strip_prefix('\'')?.strip_suffix('\'')?.to_owned());
        out.extend(value.or_else(default)?.chars().map(Token::Char));
    }
    out.extend(rest.chars().map(token));
    Some(out)
}

/// The usual two-pointer match: on a mismatch the last star takes one character more. Time is at most the product of
/// the two lengths, whatever the pattern.
fn fits(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some(Token::Any) => {
                star = Some((at, seen));
                at += 1;
            }
            Some(Token::One) => (at, seen) = (at + 1, seen + 1),
            Some(Token::Char(letter)) if *letter == text[seen] => (at, seen) = (at + 1, seen + 1),
            _ => match star {
                Some((position, taken)) => {
                    star = Some((position, taken + 1));
                    (at, seen) = (position + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|token| *token == Token::Any)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str, text: &str) -> bool {
        fits(&tokens(pattern), text)
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?", "ä", true),
            ("?", "", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxa", false),
            ("a**", "a", true),
            ("Abc", "abc", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
        assert!(fits_ignoring_case("KINESIS:get*", "kinesis:GetRecords"));
        // A pattern made to be slow for matchers that try every split.
        assert!(!glob(&"*a".repeat(200), &"a".repeat(4000).replace("aaaa", "aaab").replace('a', "c")));
    }

    /// The obvious recursive definition.
    fn reference(pattern: &[Token], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, rest) => rest.is_none(),
            (Some((Token::Any, patterns)), None) => reference(patterns, text),
            (Some((Token::Any, patterns)), Some((_, rest))) => reference(patterns, text) || reference(pattern, rest),
            (Some((Token::One, patterns)), Some((_, rest))) => reference(patterns, rest),
            (Some((Token::Char(one), patterns)), Some((other, rest))) => one == other && reference(patterns, rest),
            (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn it_matches_what_the_definition_matches(pattern in "[ab*?]{0,8}", text in "[ab]{0,8}") {
            let letters: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob(&pattern, &text), reference(&tokens(&pattern), &letters));
        }
    }
}
