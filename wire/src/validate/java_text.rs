//! Values as Java's `toString` shows them, which is how AWS quotes them, cut at [`TEXT_BYTES_MAX`].

use std::fmt::Write as _;

use crate::{Encode, Encoder, Timestamp};

/// Most bytes of a value in a message, so that a large request cannot make a large answer.
const TEXT_BYTES_MAX: usize = 1024;

/// The beginning of the text of a value.
pub(super) fn of<T: Encode>(value: &T) -> String {
    let mut text = Text { out: String::new(), fresh: true };
    value.encode(&mut text);
    if text.out.len() > TEXT_BYTES_MAX {
        let end = (0..=TEXT_BYTES_MAX).rev().find(|at| text.out.is_char_boundary(*at)).unwrap_or(0);
        text.out.truncate(end);
        text.out.push_str("...");
    }
    text.out
}

struct Text {
    out: String,
    /// Whether the innermost structure, list or map is still empty.
    fresh: bool,
}

impl Text {
    /// Appends unless there is enough already; one value may pass the limit, by as much as its beginning is long.
    fn push(&mut self, text: &str) {
        if self.out.len() <= TEXT_BYTES_MAX {
            self.out.extend(text.chars().take(TEXT_BYTES_MAX + 1));
        }
    }

    fn open(&mut self, text: &str) {
        self.push(text);
        self.fresh = true;
    }

    fn close(&mut self, text: &str) {
        self.push(text);
        self.fresh = false;
    }

    fn separate(&mut self) {
        if !self.fresh {
            self.push(", ");
        }
        self.fresh = false;
    }
}

impl Encoder for Text {
    fn begin_structure(&mut self, name: &'static str) {
        self.push(name);
        self.open("(");
    }

    fn end_structure(&mut self) {
        self.close(")");
    }

    fn member(&mut self, name: &'static str) {
        self.key(name);
    }

    fn begin_list(&mut self) {
        self.open("[");
    }

    fn element(&mut self) {
        self.separate();
    }

    fn end_list(&mut self) {
        self.close("]");
    }

    fn begin_map(&mut self) {
        self.open("{");
    }

    fn key(&mut self, key: &str) {
        self.separate();
        self.push(key);
        self.push("=");
    }

    fn end_map(&mut self) {
        self.close("}");
    }

    fn string(&mut self, value: &str) {
        self.push(value);
    }

    fn integer(&mut self, value: i64) {
        self.push(&value.to_string());
    }

    fn double(&mut self, value: f64) {
        self.push(&value.to_string());
    }

    fn boolean(&mut self, value: bool) {
        self.push(if value { "true" } else { "false" });
    }

    fn blob(&mut self, value: &[u8]) {
        let mut text = String::new();
        _ = write!(text, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", value.len());
        self.push(&text);
    }

    fn timestamp(&mut self, value: Timestamp) {
        self.push(&value.0.to_string());
    }
}
