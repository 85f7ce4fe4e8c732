//! `application/x-www-form-urlencoded`: pairs of names and values.

use std::borrow::Cow;

use crate::DecodeError;

/// Most pairs of a form: a thousand metrics of thirty members are fewer.
const PAIRS_MAX: usize = 65_536;

/// A name or a value, borrowed from the body whenever it has no escapes.
pub(super) type Text<'a> = Cow<'a, str>;

/// Every pair of a form in the order in which they came.
pub(super) fn pairs(body: &[u8]) -> Result<Vec<(Text<'_>, Text<'_>)>, DecodeError> {
    let mut pairs = Vec::new();
    for (name, value) in split(body)? {
        if pairs.len() == PAIRS_MAX {
            return Err(malformed("the form has too many members"));
        }
        let decoded = plain(name).zip(plain(value));
        pairs.push(decoded.ok_or_else(|| malformed("the form has a broken escape"))?);
    }
    Ok(pairs)
}

/// The first value of that name, which has no escapes; the rest of the form is not looked at closely.
pub fn find<'a>(body: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    split(body).ok()?.find(|(other, _)| *other == name).and_then(|(_, value)| plain(value))
}

fn malformed(what: &str) -> DecodeError {
    DecodeError::Malformed(what.to_owned())
}

fn split(body: &[u8]) -> Result<impl Iterator<Item = (&str, &str)>, DecodeError> {
    let text = std::str::from_utf8(body).map_err(|_| malformed("the form is not UTF-8"))?;
    let pairs = text.trim_end().split('&').filter(|pair| !pair.is_empty());
    Ok(pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))))
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
        let body = b"Action=PutMetricData&a%20b=c+d%C3%A9&empty=&bare&&Action=second\n";
        let pairs = pairs(body).unwrap();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).collect();
        let expected =
            [("Action", "PutMetricData"), ("a b", "c d\u{e9}"), ("empty", ""), ("bare", ""), ("Action", "second")];
        assert_eq!(pairs, expected);
        assert_eq!(find(body, "Action").as_deref(), Some("PutMetricData"));
        assert_eq!(find(body, "Version"), None);
    }

    #[test]
    fn broken_escapes_are_refused() {
        for body in [&b"a=%"[..], b"a=%4", b"a=%zz", b"a=%ff", b"\xff=1", b"%=1"] {
            assert!(pairs(body).is_err(), "{body:?}");
        }
    }
}
