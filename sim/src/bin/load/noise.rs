//! Random payload: no two records are alike and none can be compressed, or a file system could cheat.
//!
//! Owns the randomness. Read next: `request.rs`, `cbor.rs`.

use std::fmt::Write as _;

use types::{Random, SystemRandom};

/// Characters of a random partition key.
pub(crate) const KEY_CHARACTERS: usize = 16;

pub(crate) struct Noise {
    bytes: Vec<u8>,
    at: usize,
}

impl Noise {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; 1 << 16], at: 1 << 16 }
    }

    pub(crate) fn next(&mut self) -> u8 {
        if self.at == self.bytes.len() {
            SystemRandom.fill(&mut self.bytes);
            self.at = 0;
        }
        self.at += 1;
        self.bytes[self.at - 1]
    }

    /// `"Data":"…","PartitionKey":"…"` with data of `bytes`.
    pub(crate) fn record(&mut self, bytes: usize, body: &mut String) {
        body.push_str("\"Data\":\"");
        self.base64(bytes, body);
        body.push_str("\",\"PartitionKey\":\"");
        self.key(body);
        body.push('"');
    }

    /// [`KEY_CHARACTERS`] hexadecimal digits.
    pub(crate) fn key(&mut self, text: &mut String) {
        for _ in 0..KEY_CHARACTERS / 2 {
            // Writing to a string cannot fail.
            let _ = write!(text, "{:02x}", self.next());
        }
    }

    /// Base64 of `length` random bytes: random letters are exactly that, but for the last one before the padding.
    fn base64(&mut self, length: usize, body: &mut String) {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let (whole, rest) = (length / 3, length % 3);
        for _ in 0..whole * 4 + rest {
            body.push(char::from(LETTERS[usize::from(self.next() % 64)]));
        }
        // The bits that belong to no byte are zero.
        let (step, padding) = match rest {
            1 => (16, "=="),
            2 => (4, "="),
            _ => return,
        };
        body.push(char::from(LETTERS[usize::from(self.next() % 64) / step * step]));
        body.push_str(padding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_canonical_base64_of_the_right_length() {
        for length in [0, 1, 2, 3, 1022, 1023, 1024] {
            let mut text = String::new();
            Noise::new().base64(length, &mut text);
            assert_eq!(text.len(), length.div_ceil(3) * 4);
            let json = format!("{{\"StreamName\":\"s\",\"Data\":\"{text}\",\"PartitionKey\":\"k\"}}");
            let input: wire::kinesis::PutRecordInput = wire::json::decode(json.as_bytes()).unwrap();
            assert_eq!(input.data.unwrap().0.len(), length);
        }
    }
}
