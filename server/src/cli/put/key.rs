//! Where the partition key of a line comes from: nowhere (random), a text, or a place in the JSON of the line.
//!
//! A place is written as in jq (`.user.id`, `.tags[0]`, `."a b"`) or as a JSON pointer (`/user/id`, RFC 6901).

use std::str::FromStr;

use serde_json::Value;
use types::{SystemRandom, new_uuid};

/// The longest key (API reference, PutRecordsRequestEntry).
const KEY_CHARACTERS_MAX: usize = 256;

/// See the module text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum KeySpec {
    /// A new one for each record, which spreads records over all shards.
    #[default]
    Random,
    /// The same for all.
    Fixed(String),
    /// The value at this place.
    Place(Vec<Step>),
}

/// One step down into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// Into an object, or by number into an array.
    Name(String),
    /// Into an array.
    Index(usize),
}

impl FromStr for KeySpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.chars().next() {
            None => Err("a key has at least one character".into()),
            Some('.') => path(text).map(Self::Place).ok_or_else(|| format!("{text:?} is not a path such as .user.id")),
            Some('/') => Ok(Self::Place(pointer(text))),
            Some(_) if text.chars().count() > KEY_CHARACTERS_MAX => {
                Err(format!("a key has at most {KEY_CHARACTERS_MAX} characters"))
            }
            Some(_) => Ok(Self::Fixed(text.into())),
        }
    }
}

impl KeySpec {
    /// The key of a line, or why there is none.
    pub(super) fn of(&self, line: &[u8]) -> Result<String, &'static str> {
        let steps = match self {
            Self::Random => return Ok(new_uuid(&SystemRandom).simple().to_string()),
            Self::Fixed(key) => return Ok(key.clone()),
            Self::Place(steps) => steps,
        };
        let value: Value = serde_json::from_slice(line).map_err(|_| "it is not JSON")?;
        let found = steps.iter().try_fold(&value, |value, step| match step {
            Step::Index(index) => value.get(index),
            Step::Name(name) if value.is_array() => value.get(name.parse::<usize>().ok()?),
            Step::Name(name) => value.get(name),
        });
        let key = match found {
            Some(Value::String(text)) => text.clone(),
            Some(value @ (Value::Number(_) | Value::Bool(_))) => value.to_string(),
            Some(Value::Null) | None => return Err("it has nothing at the key's place"),
            Some(Value::Array(_) | Value::Object(_)) => return Err("the key's place holds no text, number or boolean"),
        };
        match key.chars().count() {
            0 => Err("its key is empty"),
            1..=KEY_CHARACTERS_MAX => Ok(key),
            _ => Err("its key is longer than 256 characters"),
        }
    }
}

fn pointer(text: &str) -> Vec<Step> {
    let name = |part: &str| Step::Name(part.replace("~1", "/").replace("~0", "~"));
    text.split('/').skip(1).map(name).collect()
}

/// `.a.b`, `."a b"`, `.a[0]`, `.a["b"]`; `None` for anything else.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        match first {
            '.' if rest.starts_with('"') => rest = quoted(rest, &mut steps)?,
            '.' if rest.starts_with('[') && steps.is_empty() => {}
            '.' => {
                let end = rest.find(['.', '[', ']', '"']).unwrap_or(rest.len());
                if end == 0 {
                    return None;
                }
                steps.push(Step::Name(rest[..end].into()));
                rest = &rest[end..];
            }
            '[' if rest.starts_with('"') => rest = quoted(rest, &mut steps)?.strip_prefix(']')?,
            '[' => {
                let (index, after) = rest.split_once(']')?;
                steps.push(Step::Index(index.parse().ok()?));
                rest = after;
            }
            _ => return None,
        }
    }
    (!steps.is_empty()).then_some(steps)
}

/// Takes a JSON text; what comes after it.
fn quoted<'a>(text: &'a str, steps: &mut Vec<Step>) -> Option<&'a str> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let name = stream.next()?.ok()?;
    steps.push(Step::Name(name));
    text.get(stream.byte_offset()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_where_the_flag_says() {
        let line = br#"{"user":{"id":"u1","n":7,"ok":true,"a b":"q","a/b":"s","":"e"},"tags":["x","y"],"none":null}"#;
        for (spec, expected) in [
            ("k", Ok("k")),
            (".user.id", Ok("u1")),
            (".user.n", Ok("7")),
            (".user.ok", Ok("true")),
            (r#".user."a b""#, Ok("q")),
            (r#".user["a b"]"#, Ok("q")),
            (".tags[1]", Ok("y")),
            ("/user/id", Ok("u1")),
            ("/user/a~1b", Ok("s")),
            ("/tags/0", Ok("x")),
            (".none", Err("it has nothing at the key's place")),
            (".user.none.deep", Err("it has nothing at the key's place")),
            (".tags[9]", Err("it has nothing at the key's place")),
            (".user", Err("the key's place holds no text, number or boolean")),
        ] {
            let spec: KeySpec = spec.parse().unwrap();
            assert_eq!(spec.of(line), expected.map(String::from), "{spec:?}");
        }
        assert_eq!(".a".parse::<KeySpec>().unwrap().of(b"text"), Err("it is not JSON"));
        assert_eq!(".[0]".parse::<KeySpec>().unwrap().of(b"[5]"), Ok("5".into()));
    }

    #[test]
    fn wrong_paths_are_refused() {
        for text in ["", ".", "..a", ".a.", ".a[", ".a[x]", ".a[0", r#".a["b""#, ".a]"] {
            assert!(text.parse::<KeySpec>().is_err(), "{text:?}");
        }
        assert!("k".repeat(257).parse::<KeySpec>().is_err());
    }

    #[test]
    fn random_keys_differ() {
        assert_ne!(KeySpec::Random.of(b""), KeySpec::Random.of(b""));
    }
}
