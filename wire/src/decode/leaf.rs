//! Scalars: which JSON types each takes, and what is said of the others.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::{LIST_FOUND, STRUCTURE_FOUND, hint};
use crate::{Blob, Timestamp};

/// A number as the format held it.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Signed(i64),
    Unsigned(u64),
    Float(f64),
}

/// A scalar type; what it does not override it refuses.
pub(super) trait Leaf: Sized {
    /// What formats are told to expect.
    const HINT: &'static str;
    /// What a value cannot be converted to, as AWS's messages have it.
    const TITLE: &'static str;

    fn of_bool(_: bool) -> Result<Self, String> {
        Err(format!("class java.lang.Boolean can not be converted to {}", Self::TITLE))
    }

    fn of_number(_: Number) -> Result<Self, String> {
        let class = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber";
        Err(format!("{class} can not be converted to {}", Self::TITLE))
    }

    fn of_str(_: &str) -> Result<Self, String> {
        Err(format!("class java.lang.String can not be converted to {}", Self::TITLE))
    }

    fn of_string(text: String) -> Result<Self, String> {
        Self::of_str(&text)
    }

    fn of_bytes(_: &[u8]) -> Result<Self, String> {
        Err(format!("class java.nio.HeapByteBuffer can not be converted to {}", Self::TITLE))
    }
}

pub(super) struct LeafVisitor<T>(pub(super) PhantomData<T>);

impl<'de, T: Leaf> Visitor<'de> for LeafVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::TITLE)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Self::Value, D::Error> {
        value.deserialize_any(self)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        T::of_bool(value).map(Some).map_err(E::custom)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        T::of_number(Number::Signed(value)).map(Some).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        T::of_number(Number::Unsigned(value)).map(Some).map_err(E::custom)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        T::of_number(Number::Float(value)).map(Some).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::of_str(text).map(Some).map_err(E::custom)
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        T::of_string(text).map(Some).map_err(E::custom)
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        T::of_bytes(bytes).map(Some).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(A::Error::custom(LIST_FOUND))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Err(A::Error::custom(STRUCTURE_FOUND))
    }
}

impl Leaf for String {
    const HINT: &'static str = hint::STRING;
    const TITLE: &'static str = "an String";

    fn of_str(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }

    fn of_string(text: String) -> Result<Self, String> {
        Ok(text)
    }
}

impl Leaf for bool {
    const HINT: &'static str = hint::BOOLEAN;
    const TITLE: &'static str = "an Boolean";

    fn of_bool(value: bool) -> Result<Self, String> {
        Ok(value)
    }

    // Here AWS shows the text itself, as it does of one that is no base64.
    fn of_str(text: &str) -> Result<Self, String> {
        Err(format!("{} can not be converted to {}", quoted(text), Self::TITLE))
    }
}

impl Leaf for i32 {
    const HINT: &'static str = hint::INTEGER;
    const TITLE: &'static str = "an Integer";

    fn of_number(number: Number) -> Result<Self, String> {
        i64::of_number(number).map(|value| value.clamp(Self::MIN.into(), Self::MAX.into()) as Self)
    }
}

impl Leaf for i64 {
    const HINT: &'static str = hint::INTEGER;
    const TITLE: &'static str = "an Long";

    fn of_number(number: Number) -> Result<Self, String> {
        Ok(match number {
            Number::Signed(value) => value,
            Number::Unsigned(value) => Self::try_from(value).unwrap_or(Self::MAX),
            // A cast from float cuts the fraction and saturates.
            Number::Float(value) => value as Self,
        })
    }
}

impl Leaf for f64 {
    const HINT: &'static str = hint::DOUBLE;
    const TITLE: &'static str = "an Double";

    fn of_number(number: Number) -> Result<Self, String> {
        Ok(match number {
            Number::Signed(value) => value as Self,
            Number::Unsigned(value) => value as Self,
            Number::Float(value) => value,
        })
    }
}

impl Leaf for Timestamp {
    const HINT: &'static str = hint::TIMESTAMP;
    const TITLE: &'static str = "milliseconds since epoch";

    fn of_number(number: Number) -> Result<Self, String> {
        Ok(match number {
            Number::Float(seconds) => Self((seconds * 1000.0).round() as i64),
            whole => Self(i64::of_number(whole)?.saturating_mul(1000)),
        })
    }
}

impl Leaf for Blob {
    const HINT: &'static str = hint::BLOB;
    const TITLE: &'static str = "a Blob";

    fn of_str(text: &str) -> Result<Self, String> {
        match base64_simd::STANDARD.decode_to_vec(text) {
            Ok(bytes) => Ok(bytes.into()),
            Err(_) => {
                Err(format!("{} can not be converted to {}: {}", quoted(text), Self::TITLE, base64_problem(text)))
            }
        }
    }

    fn of_bytes(bytes: &[u8]) -> Result<Self, String> {
        Ok(bytes.to_vec().into())
    }
}

/// A text of the caller in a message; only its beginning, for it may be megabytes.
fn quoted(text: &str) -> String {
    format!("'{text:.128}'")
}

/// What is wrong with a text that is not the base64 of anything.
fn base64_problem(text: &str) -> String {
    let strange = |c: &char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '/' | '=');
    if !text.len().is_multiple_of(4) {
        format!("Base64 encoded length is expected a multiple of 4 bytes but found: {}", text.len())
    } else if let Some(c) = text.chars().find(strange) {
        format!("Invalid Base64 character: '{c}'")
    } else if text.trim_end_matches('=').contains('=') {
        "Invalid Base64 character: '='".to_owned()
    } else {
        "Invalid last non-pad Base64 character dectected".to_owned()
    }
}
