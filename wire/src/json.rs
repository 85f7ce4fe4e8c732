//! AWS JSON 1.1: bytes to shapes and back.

use serde_json::error::Category;

use crate::sink::{Count, Sink};
use crate::{Decode, DecodeError, Encode, Encoder, Timestamp};

/// Reads a shape. Unknown members are ignored; what is not checked here is the business of [`crate::validate()`].
pub fn decode<T: Decode>(body: &[u8]) -> Result<T, DecodeError> {
    let mut input = serde_json::Deserializer::from_slice(body);
    let value = T::decode(&mut input).map_err(problem)?;
    input.end().map_err(problem)?;
    value.ok_or_else(|| DecodeError::WrongType("Unexpected null".into()))
}

/// Whether the bytes are a JSON object, whatever it holds.
pub fn is_object(body: &[u8]) -> bool {
    serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(body).is_ok()
}

fn problem(error: serde_json::Error) -> DecodeError {
    let text = error.to_string();
    match error.classify() {
        // The position that serde_json appends is of no use to a caller whose SDK wrote the body.
        Category::Data => {
            let end = text.rfind(" at line ").unwrap_or(text.len());
            DecodeError::WrongType(text.get(..end).unwrap_or(&text).to_owned())
        }
        _ => DecodeError::Malformed(text),
    }
}

/// Writes a shape.
pub fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut counted = Writer { out: Count::default() };
    value.encode(&mut counted);
    let mut writer = Writer { out: counted.out.buffer() };
    value.encode(&mut writer);
    writer.out
}

/// Writes JSON text. A comma is due whenever the last byte does not open something, so no state is kept.
struct Writer<S> {
    out: S,
}

impl<S: Sink> Writer<S> {
    fn comma(&mut self) {
        if !matches!(self.out.last(), Some(b'{' | b'[')) {
            self.out.push(b',');
        }
    }

    /// Text in which nothing has to be escaped.
    fn plain(&mut self, text: &str) {
        self.out.push(b'"');
        self.out.append(text.as_bytes());
        self.out.push(b'"');
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        write!(self.out, "{value}").expect("writing to memory does not fail");
    }
}

impl<S: Sink> Encoder for Writer<S> {
    fn begin_structure(&mut self, _: &'static str) {
        self.out.push(b'{');
    }

    fn end_structure(&mut self) {
        self.out.push(b'}');
    }

    fn member(&mut self, name: &'static str) {
        // Names of members are letters and digits.
        self.comma();
        self.plain(name);
        self.out.push(b':');
    }

    fn begin_list(&mut self) {
        self.out.push(b'[');
    }

    fn element(&mut self) {
        self.comma();
    }

    fn end_list(&mut self) {
        self.out.push(b']');
    }

    fn begin_map(&mut self) {
        self.out.push(b'{');
    }

    fn key(&mut self, key: &str) {
        self.comma();
        self.string(key);
        self.out.push(b':');
    }

    fn end_map(&mut self) {
        self.out.push(b'}');
    }

    fn string(&mut self, value: &str) {
        // Without a way out in the middle, so that it is many bytes at a time.
        let escapes = value.bytes().fold(false, |any, byte| any | (byte < b' ') | (byte == b'"') | (byte == b'\\'));
        if !escapes {
            return self.plain(value);
        }
        serde_json::to_writer(&mut self.out, value).expect("writing to memory does not fail");
    }

    fn integer(&mut self, value: i64) {
        self.display(value);
    }

    fn double(&mut self, value: f64) {
        // JSON has no infinities; models do not either.
        if value.is_finite() { self.display(value) } else { self.display("null") }
    }

    fn boolean(&mut self, value: bool) {
        self.display(value);
    }

    fn blob(&mut self, value: &[u8]) {
        self.out.push(b'"');
        self.out.base64(value);
        self.out.push(b'"');
    }

    fn timestamp(&mut self, Timestamp(millis): Timestamp) {
        let sign = if millis < 0 { "-" } else { "" };
        let (seconds, fraction) = (millis.unsigned_abs() / 1000, millis.unsigned_abs() % 1000);
        self.display(format_args!("{sign}{seconds}.{fraction:03}"));
    }
}

#[cfg(test)]
mod tests;
