//! `application/x-www-form-urlencoded`: pairs of names and values.

use std::borrow::Cow;

use crate::DecodeError;

/// Most pairs of a form: a thousand metrics of thirty members are fewer.
const PAIRS_MAX: usize = 65_536;

/// The pairs of a form in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Form<'a> {
    /// Reads a body.
    pub fn parse(body: &'a [u8]) -> Result<Self, DecodeError> {
        let malformed = |what: &str| DecodeError::Malformed(what.to_owned());
        let body = std::str::from_utf8(body).map_err(|_| malformed("a form is text in UTF-8"))?;
        let mut pairs = Vec::new();
        for pair in body.trim_end().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = plain(name).zip(plain(value));
            pairs.push(decoded.ok_or_else(|| malformed("a percent sign stands before no two hexadecimal digits"))?);
            if pairs.len() > PAIRS_MAX {
                return Err(malformed("the form has too many members"));
            }
        }
        Ok(Self { pairs })
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_ref())
    }
}

/// The text without its escapes; `None` when it is not UTF-8 then, or an escape is cut off.
fn plain(text: &str) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            other => other,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_lose_their_escapes() {
        let form = Form::parse(b"Action=PutMetricData&a%20b=c+d%C3%A9&empty=&bare&a%20b=second\n").unwrap();
        assert_eq!(form.get("Action"), Some("PutMetricData"));
        assert_eq!(form.get("a b"), Some("c d\u{e9}"));
        assert_eq!((form.get("empty"), form.get("bare"), form.get("none")), (Some(""), Some(""), None));
    }

    #[test]
    fn broken_escapes_are_refused() {
        for body in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"\xff=1", b"%=1"] {
            assert!(Form::parse(body).is_err(), "{body:?}");
        }
    }
}
