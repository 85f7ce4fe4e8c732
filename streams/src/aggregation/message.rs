//! The protobuf message inside an aggregate, read and written by hand: two messages of four fields do not need a
//! generator, and a reader of our own never copies a payload.
//!
//! ```text
//! AggregatedRecord { 1 repeated string partition_key_table; 2 repeated string explicit_hash_key_table; 3 repeated Record }
//! Record           { 1 required uint64 partition_key_index; 2 optional uint64 explicit_hash_key_index;
//!                    3 required bytes data; 4 repeated Tag { 1 required string key; 2 optional string value } }
//! ```
//!
//! As every protobuf reader does: unknown fields and fields of another wire type are skipped, of a field that is there
//! twice the last one counts, and a message without its required fields is no message.

use std::ops::Range;

/// Where the parts of a message are in its bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) partition_keys: Vec<Range<usize>>,
    pub(super) explicit_hash_keys: Vec<Range<usize>>,
    pub(super) records: Vec<Entry>,
}

/// One record of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) partition_key: u64,
    pub(super) explicit_hash_key: Option<u64>,
    pub(super) data: Range<usize>,
}

/// Groups end an old kind of nesting; deeper ones than this are an attack on the stack (protobuf's own limit is 100).
const GROUP_DEPTH_MAX: u32 = 100;

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const GROUP_START: u8 = 3;
const GROUP_END: u8 = 4;
const FIXED_32: u8 = 5;

/// Reads a message; `None` when the bytes are none.
pub(super) fn parse(bytes: &[u8]) -> Option<Message> {
    let mut reader = Reader::over(bytes, 0..bytes.len());
    let mut message = Message::default();
    while let Some((field, wire)) = reader.tag()? {
        match (field, wire) {
            (1, LENGTH_DELIMITED) => message.partition_keys.push(reader.span()?),
            (2, LENGTH_DELIMITED) => message.explicit_hash_keys.push(reader.span()?),
            (3, LENGTH_DELIMITED) => {
                let span = reader.span()?;
                message.records.push(record(bytes, span)?);
            }
            _ => reader.skip(field, wire, 0)?,
        }
    }
    Some(message)
}

fn record(bytes: &[u8], span: Range<usize>) -> Option<Entry> {
    let mut reader = Reader::over(bytes, span);
    let (mut partition_key, mut explicit_hash_key, mut data) = (None, None, None);
    while let Some((field, wire)) = reader.tag()? {
        match (field, wire) {
            (1, VARINT) => partition_key = Some(reader.varint()?),
            (2, VARINT) => explicit_hash_key = Some(reader.varint()?),
            (3, LENGTH_DELIMITED) => data = Some(reader.span()?),
            (4, LENGTH_DELIMITED) => {
                let span = reader.span()?;
                check_tag(bytes, span)?;
            }
            _ => reader.skip(field, wire, 0)?,
        }
    }
    Some(Entry { partition_key: partition_key?, explicit_hash_key, data: data? })
}

/// Nobody reads tags, but one without its key makes the whole message invalid.
fn check_tag(bytes: &[u8], span: Range<usize>) -> Option<()> {
    let mut reader = Reader::over(bytes, span);
    let mut has_key = false;
    while let Some((field, wire)) = reader.tag()? {
        has_key |= (field, wire) == (1, LENGTH_DELIMITED);
        reader.skip(field, wire, 0)?;
    }
    has_key.then_some(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    fn over(bytes: &'a [u8], span: Range<usize>) -> Self {
        Self { bytes, at: span.start, end: span.end }
    }

    fn byte(&mut self) -> Option<u8> {
        if self.at == self.end {
            return None;
        }
        self.at += 1;
        self.bytes.get(self.at - 1).copied()
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            // Bits beyond the 64th are dropped, as protobuf readers do.
            value |= u64::from(byte & 0x7F).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    /// The next field's number and wire type; the inner `None` at the end of the message.
    #[allow(clippy::option_option, reason = "the outer None is an error, as everywhere here")]
    fn tag(&mut self) -> Option<Option<(u32, u8)>> {
        if self.at == self.end {
            return Some(None);
        }
        // A tag is 32 bits; more are cut off.
        let tag = self.varint()? as u32;
        let (field, wire) = (tag >> 3, (tag & 7) as u8);
        (field > 0).then_some(Some((field, wire)))
    }

    fn span(&mut self) -> Option<Range<usize>> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }

    fn take(&mut self, length: usize) -> Option<Range<usize>> {
        let start = self.at;
        let end = start.checked_add(length).filter(|end| *end <= self.end)?;
        self.at = end;
        Some(start..end)
    }

    fn skip(&mut self, field: u32, wire: u8, depth: u32) -> Option<()> {
        match wire {
            VARINT => self.varint().map(drop),
            FIXED_64 => self.take(8).map(drop),
            LENGTH_DELIMITED => self.span().map(drop),
            FIXED_32 => self.take(4).map(drop),
            GROUP_START if depth < GROUP_DEPTH_MAX => loop {
                match self.tag()?? {
                    (end, GROUP_END) => return (end == field).then_some(()),
                    (inner, wire) => self.skip(inner, wire, depth + 1)?,
                }
            },
            _ => None,
        }
    }
}

/// Writes a field of bytes or text.
pub(super) fn put_bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    put_tag(out, field, LENGTH_DELIMITED);
    put_varint(out, value.len() as u64);
    out.extend_from_slice(value);
}

/// Writes a field that is a number.
pub(super) fn put_number(out: &mut Vec<u8>, field: u32, value: u64) {
    put_tag(out, field, VARINT);
    put_varint(out, value);
}

fn put_tag(out: &mut Vec<u8>, field: u32, wire: u8) {
    put_varint(out, u64::from(field << 3) | u64::from(wire));
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
