//! AWS query: forms come in, XML goes out.

//!
//! Owns: the envelopes of answers and errors. Read `form.rs` for pairs, `read.rs` for shapes out of them, `write.rs` for
//! shapes in XML.

mod form;
mod read;
mod write;

use crate::{Decode, DecodeError, Encode};

pub use form::find;

/// Reads a shape from a form. Unknown members are ignored; constraints are not checked here.
pub(crate) fn decode<T: Decode>(body: &[u8]) -> Result<T, DecodeError> {
    let root = read::Node::root(form::pairs(body)?)?;
    let value = T::decode(&root)?;
    value.ok_or_else(|| DecodeError::WrongType("Unexpected null".into()))
}

/// The XML of a shape's members, without a tag around them; nothing for `()`.
pub(crate) fn encode<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut writer = write::Writer::default();
    value.encode(&mut writer);
    writer.finish()
}

/// The answer around the XML of an output's members.
pub fn answer(operation: &str, namespace: &str, request_id: &str, members: &[u8]) -> Vec<u8> {
    let mut out = format!("<{operation}Response xmlns=\"{namespace}\">").into_bytes();
    if !members.is_empty() {
        out.extend_from_slice(format!("<{operation}Result>").as_bytes());
        out.extend_from_slice(members);
        out.extend_from_slice(format!("</{operation}Result>").as_bytes());
    }
    let metadata = format!("<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>");
    out.extend_from_slice(format!("{metadata}</{operation}Response>").as_bytes());
    out
}

/// The body of an error.
pub fn error(code: &str, status: u16, message: &str, namespace: &str, request_id: &str) -> Vec<u8> {
    let (fault, message) = (fault(status), write::escaped(message));
    format!(
        "<ErrorResponse xmlns=\"{namespace}\"><Error><Type>{fault}</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    .into_bytes()
}

/// Whose fault an error is.
pub fn fault(status: u16) -> &'static str {
    if status < 500 { "Sender" } else { "Receiver" }
}

#[cfg(test)]
mod tests;
