//! From shapes to a format. Every shape walks an [`Encoder`]; absent members are left out.
//!
//! The encoder is an object, not a type parameter: shapes are many, formats few, and one call per member is nothing
//! beside the bytes written.

use std::collections::BTreeMap;

use crate::{Blob, Timestamp};

/// A value that can be written.
pub trait Encode {
    /// Walks the value.
    fn encode(&self, out: &mut dyn Encoder);
}

/// A format to write in. Calls nest as the value does.
pub trait Encoder {
    /// A structure of the model's shape `name` begins; [`Self::member`] and a value follow, any number of times.
    fn begin_structure(&mut self, name: &'static str);
    /// The structure ends.
    fn end_structure(&mut self);
    /// The next value belongs to the member `name`.
    fn member(&mut self, name: &'static str);
    /// A list begins; [`Self::element`] and a value follow, any number of times.
    fn begin_list(&mut self);
    /// The next value is the next element.
    fn element(&mut self);
    /// The list ends.
    fn end_list(&mut self);
    /// A map begins; [`Self::key`] and a value follow, any number of times.
    fn begin_map(&mut self);
    /// The next value belongs to this key.
    fn key(&mut self, key: &str);
    /// The map ends.
    fn end_map(&mut self);
    /// Text.
    fn string(&mut self, value: &str);
    /// A whole number.
    fn integer(&mut self, value: i64);
    /// A number.
    fn double(&mut self, value: f64);
    /// A truth value.
    fn boolean(&mut self, value: bool);
    /// Bytes.
    fn blob(&mut self, value: &[u8]);
    /// A time.
    fn timestamp(&mut self, value: Timestamp);
}

/// Writes a member when it is there.
pub(crate) fn member<T: Encode>(out: &mut dyn Encoder, name: &'static str, value: &Option<T>) {
    if let Some(value) = value {
        out.member(name);
        value.encode(out);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut dyn Encoder) {
        out.begin_list();
        for value in self {
            out.element();
            value.encode(out);
        }
        out.end_list();
    }
}

impl<T: Encode> Encode for BTreeMap<String, T> {
    fn encode(&self, out: &mut dyn Encoder) {
        out.begin_map();
        for (key, value) in self {
            out.key(key);
            value.encode(out);
        }
        out.end_map();
    }
}

/// Nothing: the answer of an operation that has no output shape is an empty body.
impl Encode for () {
    fn encode(&self, _: &mut dyn Encoder) {}
}

impl Encode for String {
    fn encode(&self, out: &mut dyn Encoder) {
        out.string(self);
    }
}

impl Encode for i32 {
    fn encode(&self, out: &mut dyn Encoder) {
        out.integer((*self).into());
    }
}

impl Encode for i64 {
    fn encode(&self, out: &mut dyn Encoder) {
        out.integer(*self);
    }
}

impl Encode for f64 {
    fn encode(&self, out: &mut dyn Encoder) {
        out.double(*self);
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut dyn Encoder) {
        out.boolean(*self);
    }
}

impl Encode for Blob {
    fn encode(&self, out: &mut dyn Encoder) {
        out.blob(&self.0);
    }
}

impl Encode for Timestamp {
    fn encode(&self, out: &mut dyn Encoder) {
        out.timestamp(*self);
    }
}
