//! What an attribute can hold.
//!
//! Owns: the ten types, what of them is legal, and how many bytes they count. Refuses: paths (`path.rs`, read it next).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::number::Number;
use crate::CompanionsError;

/// Deepest nesting of lists and maps (developer guide: 32 levels).
const DEPTH_MAX: usize = 32;

/// An item: its attributes by name.
pub type Item = BTreeMap<String, Value>;

/// The value of an attribute. The names of the variants are DynamoDB's, also in the command log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// Text.
    S(String),
    /// A number.
    N(Number),
    /// Bytes.
    B(Binary),
    /// True or false.
    #[serde(rename = "BOOL")]
    Bool(bool),
    /// Nothing, as a value.
    #[serde(rename = "NULL")]
    Null,
    /// Texts, each once, at least one.
    #[serde(rename = "SS")]
    Strings(BTreeSet<String>),
    /// Numbers, each once, at least one.
    #[serde(rename = "NS")]
    Numbers(BTreeSet<Number>),
    /// Byte strings, each once, at least one.
    #[serde(rename = "BS")]
    Binaries(BTreeSet<Binary>),
    /// Values in order.
    L(Vec<Value>),
    /// Values by name.
    M(BTreeMap<String, Value>),
}

/// Bytes; hexadecimal in the command log.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Binary(pub Bytes);

impl fmt::Debug for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Binary({} bytes)", self.0.len())
    }
}

impl From<Binary> for String {
    fn from(binary: Binary) -> Self {
        binary.hex()
    }
}

impl TryFrom<String> for Binary {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let nibble = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let bytes = pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?));
        let read: Option<Vec<u8>> = if rest.is_empty() { bytes.collect() } else { None };
        read.map(|bytes| Self(bytes.into())).ok_or("not hexadecimal")
    }
}

impl Binary {
    /// Two lower-case digits for each byte.
    pub(crate) fn hex(&self) -> String {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).expect("a nibble is below 16");
        self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
    }
}

impl Value {
    /// The short name of the type: `S`, `NS`, `BOOL`, …
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::S(_) => "S",
            Self::N(_) => "N",
            Self::B(_) => "B",
            Self::Bool(_) => "BOOL",
            Self::Null => "NULL",
            Self::Strings(_) => "SS",
            Self::Numbers(_) => "NS",
            Self::Binaries(_) => "BS",
            Self::L(_) => "L",
            Self::M(_) => "M",
        }
    }

    /// A set of texts.
    pub fn strings(members: Vec<String>) -> Result<Self, CompanionsError> {
        set(members, "string").map(Self::Strings)
    }

    /// A set of numbers.
    pub fn numbers(members: Vec<Number>) -> Result<Self, CompanionsError> {
        set(members, "number").map(Self::Numbers)
    }

    /// A set of byte strings.
    pub fn binaries(members: Vec<Binary>) -> Result<Self, CompanionsError> {
        set(members, "binary").map(Self::Binaries)
    }

    /// The bytes that count towards the size of an item (developer guide, "item sizes and formats").
    pub fn size(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::N(number) => number_size(number),
            Self::B(binary) => binary.0.len(),
            Self::Bool(_) | Self::Null => 1,
            Self::Strings(members) => members.iter().map(String::len).sum(),
            Self::Numbers(members) => members.iter().map(number_size).sum(),
            Self::Binaries(members) => members.iter().map(|binary| binary.0.len()).sum(),
            Self::L(list) => 3 + list.iter().map(|value| 1 + value.size()).sum::<usize>(),
            Self::M(map) => 3 + map.len() + item_size(map),
        }
    }

    /// Whether lists and maps are nested more than 32 levels deep.
    pub(crate) fn is_too_deep(&self) -> bool {
        fn deeper(value: &Value, left: usize) -> bool {
            match value {
                Value::L(list) => left == 0 || list.iter().any(|value| deeper(value, left - 1)),
                Value::M(map) => left == 0 || map.values().any(|value| deeper(value, left - 1)),
                _ => false,
            }
        }
        deeper(self, DEPTH_MAX)
    }
}

/// The bytes of an item: names and values.
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value.size()).sum()
}

/// About one byte for two digits, and one more.
fn number_size(number: &Number) -> usize {
    number.digits().div_ceil(2) + 1
}

fn set<T: Ord + Clone>(members: Vec<T>, what: &str) -> Result<BTreeSet<T>, CompanionsError> {
    let invalid = |why: String| CompanionsError::Invalid(format!("One or more parameter values were invalid: {why}"));
    if members.is_empty() {
        return Err(invalid(format!("An {what} set  may not be empty")));
    }
    let count = members.len();
    let set: BTreeSet<T> = members.into_iter().collect();
    if set.len() < count {
        return Err(invalid("Input collection contains duplicates.".into()));
    }
    Ok(set)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_as_dynamodb_names_them() {
        let value = Value::M(BTreeMap::from([
            ("a".into(), Value::N(Number::parse("1.50").unwrap())),
            ("b".into(), Value::B(Binary(Bytes::from_static(&[0, 0xfe])))),
            ("c".into(), Value::Null),
            ("d".into(), Value::strings(vec!["y".into(), "x".into()]).unwrap()),
        ]));
        let text = serde_json::to_string(&value).unwrap();
        assert_eq!(text, r#"{"M":{"a":{"N":"1.5"},"b":{"B":"00fe"},"c":"NULL","d":{"SS":["x","y"]}}}"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn sets_hold_each_member_once_and_are_never_empty() {
        assert!(Value::strings(vec![]).is_err());
        let twice = vec![Number::parse("1").unwrap(), Number::parse("1.0").unwrap()];
        assert!(Value::numbers(twice).unwrap_err().to_string().ends_with("duplicates."));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| Value::L(vec![inner]));
        assert!(!nested(32).is_too_deep());
        assert!(nested(33).is_too_deep());
    }
}
