//! The canonical request and the string to sign, byte for byte as the signing side builds them.

use std::borrow::Cow;
use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};

use super::{ALGORITHM, query};

/// A request without its body, as received: nothing decoded, header names in lower case.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `POST`, …
    pub method: &'a str,
    /// The path, still percent-encoded.
    pub path: &'a str,
    /// What follows the question mark, still percent-encoded; empty without one.
    pub query: &'a str,
    /// All headers; several values of one name in the order received.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// How a service's clients turn the path into the canonical one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathStyle {
    /// Percent-encode what is already percent-encoded: every service but S3.
    pub double_encoded: bool,
    /// Remove dot segments and empty segments: every service but S3.
    pub normalized: bool,
}

impl PathStyle {
    /// What the clients of the Kinesis family do.
    pub const SERVICE: Self = Self { double_encoded: true, normalized: true };
}

impl<'a> Request<'a> {
    /// The values of a header, given in lower case.
    pub(super) fn header(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.headers.iter().filter(move |(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// The only value of a header; `Err` when there are several, which each reader could take differently.
    pub(super) fn single(&self, name: &str) -> Result<Option<&'a [u8]>, ()> {
        let mut values = self.header(name);
        let first = values.next();
        if values.next().is_some() { Err(()) } else { Ok(first) }
    }

    /// The canonical request over the headers named in `signed` (sorted, joined by `;`).
    pub(super) fn canonical(&self, style: PathStyle, signed: &str, payload_hash: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.extend_from_slice(self.method.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(canonical_path(self.path, style).as_bytes());
        out.push(b'\n');
        out.extend_from_slice(canonical_query(self.query).as_bytes());
        out.push(b'\n');
        for name in signed.split(';') {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            for (index, value) in self.header(name).enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                push_collapsed(&mut out, value);
            }
            out.push(b'\n');
        }
        out.push(b'\n');
        out.extend_from_slice(signed.as_bytes());
        out.push(b'\n');
        out.extend_from_slice(payload_hash.as_bytes());
        out
    }
}

/// The text that the signature is made of. `scope` is `20150830/us-east-1/kinesis/aws4_request`.
pub(super) fn string_to_sign(date: &str, scope: &str, canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", sha256_hex(canonical))
}

/// SHA-256 in small hexadecimal digits.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// A header's value without space at its ends and with single spaces inside.
fn push_collapsed(out: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

fn canonical_path(path: &str, style: PathStyle) -> Cow<'_, str> {
    if path.is_empty() || path == "/" {
        return Cow::Borrowed("/");
    }
    let path = if style.normalized { Cow::Owned(without_dots(path)) } else { Cow::Borrowed(path) };
    let keep: &[u8] = if style.double_encoded { b"/" } else { b"/%" };
    Cow::Owned(percent_encode(path.as_bytes(), keep))
}

/// The path without `.`, `..` and empty segments; a slash at its end stays.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => _ = kept.pop(),
            other => kept.push(other),
        }
    }
    let open = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end)) && !kept.is_empty();
    format!("/{}{}", kept.join("/"), if open { "/" } else { "" })
}

/// Parameters decoded once, encoded again and then sorted, so that any spelling of a client gives the same text.
/// A plus sign is a plus sign: form encoding is not part of a signature. The signature of a presigned URL is left out.
fn canonical_query(query: &str) -> String {
    if query.is_empty() {
        return String::new();
    }
    let recode = |text: &str| percent_encode(&percent_decode(text.as_bytes()), b"");
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (recode(name), recode(value)))
        .filter(|(name, _)| !name.eq_ignore_ascii_case(query::SIGNATURE))
        .collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn percent_encode(bytes: &[u8], keep: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len()), |mut out, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || keep.contains(&byte) {
            out.push(byte.into());
        } else {
            _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Decodes `%41`; a percent sign that is not followed by two digits stands for itself.
pub(super) fn percent_decode(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16)).map(|digit| digit as u8);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(high << 4 | low);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}
