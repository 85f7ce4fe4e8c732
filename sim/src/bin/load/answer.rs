//! Reading answers: the head, bodies in chunks, and whether everything in them succeeded.
//!
//! Owns what counts as a success: a run in which one answer is none has no figure. Read next: `drive.rs`.

use crate::connection::{Answer, find};

/// How long a body is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Length {
    Bytes(usize),
    Chunked,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) length: Length,
    /// The server ends the connection behind this answer.
    pub(crate) closes: bool,
}

pub(crate) fn parse_head(head: &[u8]) -> Result<Head, String> {
    let text = std::str::from_utf8(head).map_err(|_| "an answer's head is not text".to_owned())?;
    let header = |wanted: &str| {
        let mut lines = text.split("\r\n").filter_map(|line| line.split_once(':'));
        lines.find_map(|(name, value)| name.eq_ignore_ascii_case(wanted).then(|| value.trim()))
    };
    let status = text.get(9..12).and_then(|digits| digits.parse().ok());
    let length = match header("content-length").and_then(|digits| digits.parse().ok()) {
        Some(bytes) => Some(Length::Bytes(bytes)),
        None => header("transfer-encoding").map(|_| Length::Chunked),
    };
    let closes = header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    match (status, length) {
        (Some(status), Some(length)) => Ok(Head { status, length, closes }),
        _ => Err(format!("an answer without status or length: {text:?}")),
    }
}

/// Puts the chunks' data at the start of `bytes` and gives its length; `None` and no change while some are missing.
pub(crate) fn join_chunks(bytes: &mut [u8]) -> Result<Option<usize>, String> {
    let mut chunks = Vec::new();
    let mut at = 0;
    loop {
        let Some(line) = find(&bytes[at..bytes.len().min(at + 64)], b"\r\n") else { return Ok(None) };
        let digits = String::from_utf8_lossy(&bytes[at..at + line]).into_owned();
        let digits = digits.split(';').next().unwrap_or_default().trim().to_owned();
        let length = usize::from_str_radix(&digits, 16).map_err(|_| format!("{digits:?} is no length of a chunk"))?;
        let start = at + line + 2;
        if bytes.len() < start + length + 2 {
            return Ok(None);
        }
        if length == 0 {
            break;
        }
        chunks.push(start..start + length);
        at = start + length + 2;
    }
    let mut joined = 0;
    for chunk in chunks {
        let length = chunk.len();
        bytes.copy_within(chunk, joined);
        joined += length;
    }
    Ok(Some(joined))
}

/// What is known of a body that went by.
pub(crate) struct Passing {
    pub(crate) status: u16,
    pub(crate) bytes: u64,
    /// Opening braces: one for the answer and one for each record, since neither base64 nor our keys contain any.
    braces: u64,
    /// The first and the last bytes, where everything but the records stands.
    pub(crate) first: Vec<u8>,
    pub(crate) last: Vec<u8>,
}

const EDGE: usize = 1024;

impl Passing {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, bytes: 0, braces: 0, first: Vec::new(), last: Vec::new() }
    }

    pub(crate) fn see(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.braces += count_braces(bytes);
        let wanted = EDGE.saturating_sub(self.first.len()).min(bytes.len());
        self.first.extend_from_slice(&bytes[..wanted]);
        self.last.extend_from_slice(&bytes[bytes.len().saturating_sub(EDGE)..]);
        let surplus = self.last.len().saturating_sub(EDGE);
        self.last.drain(..surplus);
    }

    pub(crate) fn records(&self) -> u64 {
        self.braces.saturating_sub(1)
    }
}

/// In blocks that a byte can count, so that the compiler compares many bytes at once.
fn count_braces(bytes: &[u8]) -> u64 {
    let block = |block: &[u8]| u64::from(block.iter().fold(0u8, |count, byte| count + u8::from(*byte == b'{')));
    bytes.chunks(192).map(block).sum()
}

/// What an answer has to say to be a success.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    Ok,
    /// A record was stored.
    Stored,
    /// All records of a batch were stored.
    AllStored,
}

/// An error unless everything in the answer succeeded.
pub(crate) fn check(answer: &Answer<'_>, expect: Expect) -> Result<(), String> {
    let shown = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(300)]).into_owned();
    if answer.status != 200 {
        return Err(format!("status {}: {}", answer.status, shown()));
    }
    let fine = match expect {
        Expect::Ok => true,
        Expect::Stored => find(answer.body, b"SequenceNumber").is_some(),
        Expect::AllStored => failed_records(answer.body) == Some(0),
    };
    if fine { Ok(()) } else { Err(format!("not everything was stored: {}", shown())) }
}

/// For the first answers of a run: each record has a number, and none an error.
pub(crate) fn check_each(answer: &Answer<'_>, records: usize) -> Result<(), String> {
    let count = |what: &[u8]| answer.body.windows(what.len()).filter(|window| *window == what).count();
    let (numbers, errors) = (count(b"SequenceNumber"), count(b"ErrorCode\":\""));
    if numbers == records && errors == 0 {
        return Ok(());
    }
    Err(format!("a batch of {records} was answered with {numbers} sequence numbers and {errors} errors"))
}

/// The count stands before or after the list of results; both ends are searched, the list is not.
fn failed_records(body: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"FailedRecordCount";
    let (head, tail) = (body.len().min(64), body.len().saturating_sub(128));
    let mut parts = [&body[..head], &body[tail..]].into_iter();
    let value = parts.find_map(|part| Some(&part[find(part, NAME)? + NAME.len()..]))?;
    // JSON has a quote, a colon and perhaps blanks before the number, CBOR has nothing.
    match value.iter().find(|byte| !matches!(byte, b'"' | b':' | b' '))? {
        digit @ b'0'..=b'9' => Some(digit - b'0'),
        number => Some(*number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &[u8]) -> Answer<'_> {
        Answer { status: 200, body }
    }

    #[test]
    fn heads_say_how_long_the_body_is() {
        let head = parse_head(b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n").unwrap();
        assert_eq!(head, Head { status: 200, length: Length::Bytes(12), closes: false });
        let head = parse_head(b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n").unwrap();
        assert_eq!(head, Head { status: 400, length: Length::Chunked, closes: true });
        assert!(parse_head(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }

    #[test]
    fn chunks_are_joined_when_all_are_there() {
        let whole = b"5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\n\r\n";
        for cut in 0..whole.len() {
            let mut part = whole[..cut].to_vec();
            assert_eq!(join_chunks(&mut part), Ok(None), "{cut}");
        }
        let mut bytes = whole.to_vec();
        assert_eq!(join_chunks(&mut bytes), Ok(Some(12)));
        assert_eq!(&bytes[..12], b"hello, world");
    }

    #[test]
    fn a_batch_with_a_failed_record_is_no_success() {
        let check = |body: &[u8]| check(&answer(body), Expect::AllStored).is_ok();
        assert!(check(br#"{"FailedRecordCount":0,"Records":[]}"#));
        assert!(check(br#"{"Records":[], "FailedRecordCount": 0}"#));
        assert!(check(b"\xbf\x71FailedRecordCount\x00\x67Records\x9f\xff\xff"));
        assert!(!check(br#"{"FailedRecordCount":3,"Records":[]}"#));
        assert!(!check(b"\xbf\x71FailedRecordCount\x01\x67Records\x9f\xff\xff"));
        assert!(!check(b"\xbf\x71FailedRecordCount\x19\x01\xf4\x67Records\x9f\xff\xff"));
        assert!(!check(b"{}"));
    }

    #[test]
    fn a_body_that_goes_by_is_counted_and_its_edges_are_kept() {
        let body = format!("{{\"Records\":[{}],\"Next\":\"x\"}}", vec!["{\"Data\":\"AAAA\"}"; 2000].join(","));
        let mut passing = Passing::new(200);
        for part in body.as_bytes().chunks(777) {
            passing.see(part);
        }
        assert_eq!((passing.records(), passing.bytes), (2000, body.len() as u64));
        assert_eq!(passing.first, body.as_bytes()[..EDGE]);
        assert_eq!(passing.last, body.as_bytes()[body.len() - EDGE..]);
    }
}
