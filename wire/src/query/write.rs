//! Writes shapes as XML: a tag for each member, `member` for the elements of lists, `entry` with `key` and `value` for
//! maps.

use crate::time::format_iso;
use crate::{Encoder, Timestamp};

#[derive(Default)]
pub(super) struct Writer {
    out: String,
    /// The tag that the next value stands in; empty for the shape itself.
    tag: &'static str,
    /// The collections that are open.
    open: Vec<Collection>,
}

struct Collection {
    tag: &'static str,
    is_map: bool,
}

impl Writer {
    pub(super) fn finish(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    fn tag(&mut self, before: &str, tag: &str) {
        if !tag.is_empty() {
            self.out.push_str(before);
            self.out.push_str(tag);
            self.out.push('>');
        }
    }

    fn begin(&mut self, is_map: bool) {
        let tag = self.tag;
        self.tag("<", tag);
        self.open.push(Collection { tag, is_map });
    }

    fn end(&mut self) {
        if let Some(Collection { tag, .. }) = self.open.pop() {
            self.tag("</", tag);
        }
        self.after_value();
    }

    fn scalar(&mut self, text: &str) {
        let tag = self.tag;
        self.tag("<", tag);
        self.out.push_str(text);
        self.tag("</", tag);
        self.after_value();
    }

    fn after_value(&mut self) {
        if self.open.last().is_some_and(|collection| collection.is_map) {
            self.out.push_str("</entry>");
        }
    }
}

impl Encoder for Writer {
    fn begin_structure(&mut self, _: &'static str) {
        self.begin(false);
    }

    fn end_structure(&mut self) {
        self.end();
    }

    fn member(&mut self, name: &'static str) {
        self.tag = name;
    }

    fn begin_list(&mut self) {
        self.begin(false);
    }

    fn element(&mut self) {
        self.tag = "member";
    }

    fn end_list(&mut self) {
        self.end();
    }

    fn begin_map(&mut self) {
        self.begin(true);
    }

    fn key(&mut self, key: &str) {
        self.out.push_str("<entry><key>");
        self.out.push_str(&escaped(key));
        self.out.push_str("</key>");
        self.tag = "value";
    }

    fn end_map(&mut self) {
        self.end();
    }

    fn string(&mut self, value: &str) {
        self.scalar(&escaped(value));
    }

    fn integer(&mut self, value: i64) {
        self.scalar(&value.to_string());
    }

    fn double(&mut self, value: f64) {
        let text = match value {
            f64::INFINITY => "Infinity".to_owned(),
            f64::NEG_INFINITY => "-Infinity".to_owned(),
            other => other.to_string(),
        };
        self.scalar(&text);
    }

    fn boolean(&mut self, value: bool) {
        self.scalar(if value { "true" } else { "false" });
    }

    fn blob(&mut self, value: &[u8]) {
        self.scalar(&base64_simd::STANDARD.encode_to_string(value));
    }

    fn timestamp(&mut self, value: Timestamp) {
        self.scalar(&format_iso(value.0));
    }
}

/// A text that can stand between tags. XML has no form at all for most control characters, so they become spaces.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A parser turns a bare one into a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => out.push(' '),
            other => out.push(other),
        }
    }
    out
}
