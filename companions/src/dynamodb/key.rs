//! Keys of items: how an item is found and where it stands in order.

use super::number::Number;
use super::schema::{KeyAttribute, KeySchema, KeyType};
use super::value::{Binary, Item, Value};
use crate::CompanionsError;

/// Longest hash key, in bytes (developer guide, quotas).
const HASH_BYTES_MAX: usize = 2048;
/// Longest range key, in bytes.
const RANGE_BYTES_MAX: usize = 1024;

/// The value of a key attribute. All values of one attribute have the same type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum KeyValue {
    S(String),
    N(Number),
    B(Binary),
    /// Above every other; the end of a range, never the key of an item.
    Above,
}

impl KeyValue {
    /// Not above any other.
    pub(crate) const LEAST: Self = Self::S(String::new());

    pub(super) fn of(value: &Value, kind: KeyType) -> Option<Self> {
        match (value, kind) {
            (Value::S(text), KeyType::S) => Some(Self::S(text.clone())),
            (Value::N(number), KeyType::N) => Some(Self::N(*number)),
            (Value::B(binary), KeyType::B) => Some(Self::B(binary.clone())),
            _ => None,
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::S(text) => text.len(),
            Self::B(binary) => binary.0.len(),
            // A number is at most 21 bytes and never empty.
            Self::N(_) | Self::Above => 1,
        }
    }

    /// A text that only this key has, for spreading keys over segments.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::S(text) => text.clone(),
            Self::N(number) => number.to_string(),
            Self::B(binary) => binary.hex(),
            Self::Above => String::new(),
        }
    }
}

/// The key of an item in its table, or of its entry in an index. The order is that of queries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ItemKey {
    pub(crate) hash: KeyValue,
    pub(crate) range: Option<KeyValue>,
}

fn invalid(why: String) -> CompanionsError {
    CompanionsError::Invalid(format!("One or more parameter values were invalid: {why}"))
}

fn no_match() -> CompanionsError {
    CompanionsError::Invalid("The provided key element does not match the schema".into())
}

impl KeySchema {
    /// The key of an item that is put.
    pub(crate) fn of_item(&self, item: &Item) -> Result<ItemKey, CompanionsError> {
        let key = |attribute: &KeyAttribute, bytes_max| {
            let KeyAttribute { name, kind } = attribute;
            let value = item.get(name).ok_or_else(|| invalid(format!("Missing the key {name} in the item")))?;
            let key = KeyValue::of(value, *kind).ok_or_else(|| {
                let (expected, actual) = (kind.name(), value.type_name());
                invalid(format!("Type mismatch for key {name} expected: {expected} actual: {actual}"))
            })?;
            check_bytes(name, &key, bytes_max)?;
            Ok::<_, CompanionsError>(key)
        };
        let range = self.range.as_ref().map(|range| key(range, RANGE_BYTES_MAX)).transpose()?;
        Ok(ItemKey { hash: key(&self.hash, HASH_BYTES_MAX)?, range })
    }

    /// The key that a request names: the key attributes and nothing else.
    pub(crate) fn of_key(&self, key: &Item) -> Result<ItemKey, CompanionsError> {
        let fits = key.len() == self.attributes().count()
            && self.attributes().all(|attribute| {
                key.get(&attribute.name).is_some_and(|value| value.type_name() == attribute.kind.name())
            });
        if fits { self.of_item(key) } else { Err(no_match()) }
    }

    /// The key of an item's entry in an index; `None` when the item has no part in it.
    pub(crate) fn of_entry(&self, item: &Item) -> Option<ItemKey> {
        let key = |attribute: &KeyAttribute| KeyValue::of(item.get(&attribute.name)?, attribute.kind);
        let range = match &self.range {
            Some(range) => Some(key(range)?),
            None => None,
        };
        Some(ItemKey { hash: key(&self.hash)?, range })
    }

    /// Refuses an item whose attribute has another type than an index needs, or is empty.
    pub(crate) fn check_entry(&self, item: &Item, index: &str) -> Result<(), CompanionsError> {
        for KeyAttribute { name, kind } in self.attributes() {
            let Some(value) = item.get(name) else { continue };
            let (expected, actual) = (kind.name(), value.type_name());
            match KeyValue::of(value, *kind) {
                None => {
                    return Err(invalid(format!(
                        "Type mismatch for Index Key {name} Expected: {expected} Actual: {actual} IndexName: {index}"
                    )));
                }
                Some(key) => check_bytes(name, &key, HASH_BYTES_MAX)?,
            }
        }
        Ok(())
    }
}

fn check_bytes(name: &str, key: &KeyValue, bytes_max: usize) -> Result<(), CompanionsError> {
    match key.bytes() {
        0 => Err(CompanionsError::Invalid(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty \
             string value. Key: {name}"
        ))),
        bytes if bytes > bytes_max => {
            Err(invalid(format!("Size of key {name} has exceeded the maximum size limit of {bytes_max} bytes")))
        }
        _ => Ok(()),
    }
}
