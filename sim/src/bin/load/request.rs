//! Requests as bytes: body, headers and signature ready to be written to a socket.
//!
//! Owns the form of the load: how large records are, that no two are alike and that none can be compressed.

use std::fmt::Write as _;

use types::{Random, SystemRandom};
use wire::sigv4::{Request, Signer, amz_date};

/// Bytes of one record's data.
pub(crate) const RECORD_BYTES: usize = 1024;
/// Records in one PutRecords call: the most that the API allows.
pub(crate) const BATCH_RECORDS: usize = 500;

/// Whom requests go to and who signs them.
#[derive(Clone)]
pub(crate) struct Target {
    /// `ADDRESS:PORT`.
    pub(crate) authority: String,
    pub(crate) access_key_id: String,
    pub(crate) secret_access_key: String,
    pub(crate) region: String,
}

impl Target {
    /// The whole HTTP request for a Kinesis operation, signed as of now.
    pub(crate) fn request(&self, operation: &str, body: &str) -> Vec<u8> {
        let now = crate::time::wall_millis();
        let (date, operation) = (amz_date(now), format!("Kinesis_20131202.{operation}"));
        let headers: [(&str, &[u8]); 4] = [
            ("content-type", b"application/x-amz-json-1.1"),
            ("host", self.authority.as_bytes()),
            ("x-amz-date", date.as_bytes()),
            ("x-amz-target", operation.as_bytes()),
        ];
        let signer = Signer {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret_access_key,
            region: &self.region,
            service: "kinesis",
        };
        let unsigned = Request { method: "POST", path: "/", query: "", headers: &headers };
        let authorization = signer.authorization(&unsigned, now, body.as_bytes());
        format!(
            "POST / HTTP/1.1\r\ncontent-type: application/x-amz-json-1.1\r\nhost: {}\r\nx-amz-date: {date}\r\n\
             x-amz-target: {operation}\r\nauthorization: {authorization}\r\ncontent-length: {}\r\n\r\n{body}",
            self.authority,
            body.len()
        )
        .into_bytes()
    }

    /// `count` different PutRecords calls of [`BATCH_RECORDS`] records.
    pub(crate) fn put_records(&self, stream: &str, count: usize) -> Vec<Vec<u8>> {
        let mut noise = Noise::new();
        let mut batch = || {
            let mut body = format!("{{\"StreamName\":\"{stream}\",\"Records\":[");
            for index in 0..BATCH_RECORDS {
                body.push_str(if index == 0 { "{" } else { ",{" });
                noise.record(&mut body);
                body.push('}');
            }
            body.push_str("]}");
            body
        };
        (0..count).map(|_| self.request("PutRecords", &batch())).collect()
    }

    /// `count` different PutRecord calls.
    pub(crate) fn put_record(&self, stream: &str, count: usize) -> Vec<Vec<u8>> {
        let mut noise = Noise::new();
        let mut single = || {
            let mut body = format!("{{\"StreamName\":\"{stream}\",");
            noise.record(&mut body);
            body.push('}');
            body
        };
        (0..count).map(|_| self.request("PutRecord", &single())).collect()
    }
}

/// Random text; the payload must not be compressible, or a file system could cheat.
struct Noise {
    bytes: Vec<u8>,
    at: usize,
}

impl Noise {
    fn new() -> Self {
        Self { bytes: vec![0; 1 << 16], at: 1 << 16 }
    }

    fn next(&mut self) -> u8 {
        if self.at == self.bytes.len() {
            SystemRandom.fill(&mut self.bytes);
            self.at = 0;
        }
        self.at += 1;
        self.bytes[self.at - 1]
    }

    /// `"Data":"…","PartitionKey":"…"` with data of [`RECORD_BYTES`].
    fn record(&mut self, body: &mut String) {
        body.push_str("\"Data\":\"");
        self.base64(RECORD_BYTES, body);
        body.push_str("\",\"PartitionKey\":\"");
        for _ in 0..8 {
            // Writing to a string cannot fail.
            let _ = write!(body, "{:02x}", self.next());
        }
        body.push('"');
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
