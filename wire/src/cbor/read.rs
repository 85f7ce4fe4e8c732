//! Reads CBOR as a `serde` deserializer: definite and indefinite lengths, integers of any width, floats of 16, 32 and 64
//! bits, tags anywhere (the number of a tag says nothing that the shape does not say already).
//!
//! Nothing is allocated for a length that a header claims; only bytes that are there are taken. Nesting is bounded.

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::{BREAK, INDEFINITE, Times, major};
use crate::DecodeError;
use crate::decode::hint;

/// How deep items may nest; as in JSON.
const DEPTH_MAX: u8 = 128;

impl de::Error for DecodeError {
    fn custom<T: std::fmt::Display>(message: T) -> Self {
        Self::WrongType(message.to_string())
    }
}

fn malformed(what: &str) -> DecodeError {
    DecodeError::Malformed(format!("{what} in the CBOR"))
}

/// A position in a body.
pub(super) struct Reader<'de> {
    input: &'de [u8],
    depth: u8,
    times: Times,
    /// The next value is a time.
    is_time: bool,
}

/// The first bytes of an item.
struct Head {
    major: u8,
    /// `None` for an unknown length; floats keep their bits here.
    argument: Option<u64>,
    /// The lower five bits of the first byte.
    info: u8,
}

impl<'de> Reader<'de> {
    pub(super) fn new(input: &'de [u8], times: Times) -> Self {
        Self { input, depth: 0, times, is_time: false }
    }

    /// Makes sure that nothing follows.
    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.input.is_empty() { Ok(()) } else { Err(malformed("trailing bytes")) }
    }

    fn take(&mut self, length: u64) -> Result<&'de [u8], DecodeError> {
        let length = usize::try_from(length).map_err(|_| malformed("an early end"))?;
        let (taken, rest) = self.input.split_at_checked(length).ok_or_else(|| malformed("an early end"))?;
        self.input = rest;
        Ok(taken)
    }

    fn head(&mut self) -> Result<Head, DecodeError> {
        let first = self.take(1)?[0];
        let (major, info) = (first >> 5, first & 31);
        let argument = match info {
            0..=23 => Some(info.into()),
            24..=27 => Some(self.take(1 << (info - 24))?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))),
            INDEFINITE if matches!(major, major::BYTES..=major::MAP | major::SIMPLE) => None,
            _ => return Err(malformed("a reserved length")),
        };
        Ok(Head { major, argument, info })
    }

    /// The head of the next item that is no tag.
    fn untagged(&mut self) -> Result<Head, DecodeError> {
        loop {
            let head = self.head()?;
            if head.major != major::TAG {
                return Ok(head);
            }
        }
    }

    /// Consumes the end of an item of unknown length, if it is here.
    fn ends_here(&mut self) -> bool {
        let ends = self.input.first() == Some(&BREAK);
        if ends {
            self.input = self.input.get(1..).unwrap_or_default();
        }
        ends
    }

    /// The pieces of a text or of bytes of unknown length, joined.
    fn pieces(&mut self, kind: u8) -> Result<Vec<u8>, DecodeError> {
        let mut whole = Vec::new();
        while !self.ends_here() {
            let head = self.head()?;
            let length =
                head.argument.filter(|_| head.major == kind).ok_or_else(|| malformed("a piece of another kind"))?;
            whole.extend_from_slice(self.take(length)?);
        }
        Ok(whole)
    }

    /// Runs `read` on an item that holds others.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        if self.depth == DEPTH_MAX {
            return Err(malformed("too deep a nesting"));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V, value: Number, is_time: bool) -> Result<V::Value, DecodeError> {
        // Shapes take times in seconds, as JSON has them.
        if is_time && self.times == Times::Millis {
            return visitor.visit_f64(value.as_f64() / 1000.0);
        }
        match value {
            Number::Unsigned(value) => visitor.visit_u64(value),
            Number::Negative(value) => visitor.visit_i64(value),
            Number::Float(value) => visitor.visit_f64(value),
        }
    }

    fn simple<V: Visitor<'de>>(&mut self, visitor: V, head: &Head, is_time: bool) -> Result<V::Value, DecodeError> {
        match (head.info, head.argument) {
            (20, _) => visitor.visit_bool(false),
            (21, _) => visitor.visit_bool(true),
            // Null and undefined.
            (22 | 23, _) => visitor.visit_unit(),
            (25, Some(bits)) => self.number(visitor, Number::Float(half(bits as u16)), is_time),
            (26, Some(bits)) => self.number(visitor, Number::Float(f32::from_bits(bits as u32).into()), is_time),
            (27, Some(bits)) => self.number(visitor, Number::Float(f64::from_bits(bits)), is_time),
            (INDEFINITE, _) => Err(malformed("an end where nothing began")),
            _ => Err(malformed("an unassigned simple value")),
        }
    }
}

enum Number {
    Unsigned(u64),
    Negative(i64),
    Float(f64),
}

impl Number {
    fn as_f64(&self) -> f64 {
        match *self {
            Self::Unsigned(value) => value as f64,
            Self::Negative(value) => value as f64,
            Self::Float(value) => value,
        }
    }
}

/// A float of 16 bits: sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    std::str::from_utf8(bytes).map_err(|_| malformed("a text that is not UTF-8"))
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let is_time = std::mem::take(&mut self.is_time);
        let head = self.untagged()?;
        match (head.major, head.argument) {
            (major::UNSIGNED, Some(value)) => self.number(visitor, Number::Unsigned(value), is_time),
            (major::NEGATIVE, Some(value)) => {
                // -1 - value, saturated.
                let value = i64::try_from(value).map_or(i64::MIN, |value| -1 - value);
                self.number(visitor, Number::Negative(value), is_time)
            }
            (major::BYTES, Some(length)) => visitor.visit_borrowed_bytes(self.take(length)?),
            (major::BYTES, None) => visitor.visit_byte_buf(self.pieces(major::BYTES)?),
            (major::TEXT, Some(length)) => visitor.visit_borrowed_str(text(self.take(length)?)?),
            (major::TEXT, None) => visitor.visit_str(text(&self.pieces(major::TEXT)?)?),
            (major::ARRAY, left) => self.nested(|reader| visitor.visit_seq(Items { reader, left })),
            (major::MAP, left) => self.nested(|reader| visitor.visit_map(Items { reader, left })),
            _ => self.simple(visitor, &head, is_time),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.is_time = name == hint::TIMESTAMP;
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The items of an array or a map.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    /// How many are still to come; `None` until their end is met.
    left: Option<u64>,
}

impl Items<'_, '_> {
    /// Whether there is one more.
    fn advance(&mut self) -> bool {
        match &mut self.left {
            None => !self.reader.ends_here(),
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        if self.advance() { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        if self.advance() { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        seed.deserialize(&mut *self.reader)
    }
}
