//! The bytes of a segment, version 1: header, frames, runs. `docs/log-format.md` says the same for readers without Rust.
//!
//! Owns: encoding and checking one header or frame. Refuses: files, and what the runs mean for a partition (`run.rs`).

use crc32c::{crc32c, crc32c_append};

use crate::Lane;

/// The version of the format that this code writes and reads.
pub(crate) const VERSION: u32 = 1;
/// The kind of the segments that commits are written to.
const COMMITS: u8 = 0;
/// The kind of the segments that were made of the live records of others.
const COPIES: u8 = 1;
/// The numbers of the lanes, by [`Lane`].
const LANES: [u8; 3] = [0, 1, 2];
/// A frame's number of runs is below this; what is above counts the other frames of its commit.
const RUNS_BITS: u32 = 30;
/// A segment's first frame starts here: the header has a page of its own.
pub(crate) const HEADER_BYTES: u64 = 4096;
/// The bytes of a frame before its runs; a marker and a seal are nothing else.
pub(crate) const FRAME_HEADER_BYTES: usize = 40;
/// Frames start at multiples of this, so that recovery can look for one behind damage.
pub(crate) const FRAME_ALIGN: usize = 8;

const SEGMENT_MAGIC: [u8; 8] = *b"THALWEG\x01";
const HEADER_FIELDS_BYTES: usize = 36;

/// Why a header page is not one that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// The bytes are not what was written.
    Damaged(&'static str),
    /// They are, by a program that knows more; repair must keep its hands off.
    Unknown(&'static str),
}

/// What a segment says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SegmentHeader {
    /// Also in the file's name.
    pub(crate) id: u64,
    /// Random; in each of its frames, so that no other bytes pass for a frame of this segment.
    pub(crate) salt: u64,
    /// Which records stand in it.
    pub(crate) lane: Lane,
    /// Whether it was made of the live records of another segment (`rewrite.rs`).
    pub(crate) copy: bool,
}

impl SegmentHeader {
    /// The header page.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES as usize);
        bytes.extend_from_slice(&SEGMENT_MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[if self.copy { COPIES } else { COMMITS }, LANES[self.lane as usize], 0, 0]);
        bytes.extend_from_slice(&self.id.to_le_bytes());
        bytes.extend_from_slice(&self.salt.to_le_bytes());
        let crc = crc32c(&bytes);
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.resize(HEADER_BYTES as usize, 0);
        bytes
    }

    /// Reads a header page; the error says what is wrong with it.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        let fields = bytes.get(..HEADER_FIELDS_BYTES).ok_or(HeaderError::Damaged("the segment header is cut off"))?;
        if u32_at(fields, 32) != crc32c(&fields[..32]) {
            return Err(HeaderError::Damaged("the checksum of the segment header is wrong"));
        }
        if fields[..8] != SEGMENT_MAGIC {
            return Err(HeaderError::Unknown("this is not a segment of this log"));
        }
        if u32_at(fields, 8) != VERSION {
            return Err(HeaderError::Unknown("the segment has a format version that this program does not know"));
        }
        let lane = Lane::ALL.into_iter().find(|lane| LANES[*lane as usize] == fields[13]);
        let (Some(lane), COMMITS | COPIES, [0, 0]) = (lane, fields[12], &fields[14..16]) else {
            return Err(HeaderError::Unknown("the segment is of a kind or lane that this program does not know"));
        };
        Ok(Self { id: u64_at(fields, 16), salt: u64_at(fields, 24), lane, copy: fields[12] == COPIES })
    }
}

/// The kinds of frame; each has a magic of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameKind {
    /// One group commit; without runs, a marker.
    Commit,
    /// The last frame of a segment: all before it is durable and nothing follows.
    Seal,
    /// Where repair cut damage out; its body is zeros.
    Gap,
}

impl FrameKind {
    const fn magic(self) -> [u8; 4] {
        match self {
            Self::Commit => *b"TWFR",
            Self::Seal => *b"TWSL",
            Self::Gap => *b"TWGP",
        }
    }

    fn of(magic: &[u8]) -> Option<Self> {
        [Self::Commit, Self::Seal, Self::Gap].into_iter().find(|kind| kind.magic() == magic)
    }
}

/// What a frame says of itself and its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InCommit {
    /// See [`FrameHeader::sequence`].
    pub(crate) sequence: u64,
    /// See [`FrameHeader::runs`].
    pub(crate) runs: u32,
    /// See [`FrameHeader::others`].
    pub(crate) others: u32,
}

impl InCommit {
    /// That of a frame without runs, alone in its commit.
    pub(crate) fn empty(sequence: u64) -> Self {
        Self { sequence, runs: 0, others: 0 }
    }
}

/// The fields of a frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    pub(crate) kind: FrameKind,
    /// That of its commit: 0, 1, 2, … over all lanes. Also seals and markers have one of their own.
    pub(crate) sequence: u64,
    /// Frames below this sequence were durable when this one was written.
    pub(crate) durable_below: u64,
    /// Bytes of runs, without the padding behind them.
    pub(crate) length: u32,
    /// How many runs.
    pub(crate) runs: u32,
    /// How many frames, each in another lane, its commit has besides this one.
    pub(crate) others: u32,
}

impl FrameHeader {
    /// Bytes on disk, with the padding.
    pub(crate) fn span(&self) -> u64 {
        padded(FRAME_HEADER_BYTES + self.length as usize) as u64
    }

    /// Reads the header of a frame of the segment with `salt`; whether the body is right only [`check_frame`] knows.
    pub(crate) fn decode(bytes: &[u8], salt: u64) -> Option<Self> {
        let bytes = bytes.get(..FRAME_HEADER_BYTES)?;
        let kind = FrameKind::of(&bytes[..4])?;
        (u64_at(bytes, 8) == salt).then(|| Self {
            kind,
            sequence: u64_at(bytes, 16),
            durable_below: u64_at(bytes, 24),
            length: u32_at(bytes, 32),
            runs: u32_at(bytes, 36) & ((1 << RUNS_BITS) - 1),
            others: u32_at(bytes, 36) >> RUNS_BITS,
        })
    }
}

/// Whether `bytes` (header and runs, without padding) bear the checksum that their header names.
pub(crate) fn check_frame(bytes: &[u8]) -> bool {
    bytes.len() >= FRAME_HEADER_BYTES && u32_at(bytes, 4) == frame_crc(bytes)
}

/// Writes header and padding around the runs that stand in `frame` behind [`FRAME_HEADER_BYTES`] free bytes. The length
/// is theirs. Every commit before this one is durable.
pub(crate) fn finish_frame(frame: &mut Vec<u8>, salt: u64, kind: FrameKind, place: InCommit) {
    let length = (frame.len() - FRAME_HEADER_BYTES) as u32;
    frame[..4].copy_from_slice(&kind.magic());
    frame[8..16].copy_from_slice(&salt.to_le_bytes());
    frame[16..24].copy_from_slice(&place.sequence.to_le_bytes());
    frame[24..32].copy_from_slice(&place.sequence.to_le_bytes());
    frame[32..36].copy_from_slice(&length.to_le_bytes());
    frame[36..40].copy_from_slice(&(place.runs | place.others << RUNS_BITS).to_le_bytes());
    let crc = frame_crc(frame);
    frame[4..8].copy_from_slice(&crc.to_le_bytes());
    frame.resize(padded(frame.len()), 0);
}

/// The checksum of a frame: its magic, then everything behind the checksum.
fn frame_crc(bytes: &[u8]) -> u32 {
    crc32c_append(crc32c(&bytes[..4]), &bytes[8..])
}

/// The next multiple of [`FRAME_ALIGN`].
pub(crate) const fn padded(len: usize) -> usize {
    len.next_multiple_of(FRAME_ALIGN)
}

/// The little-endian number at `at`, which the caller knows to be inside.
pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(&bytes[at..at + 4]);
    u32::from_le_bytes(number)
}

/// The little-endian number at `at`, which the caller knows to be inside.
pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(number)
}

/// Appends a LEB128 number.
pub(crate) fn put_varint(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// A cursor over bytes that may be anything.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    pub(crate) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(len)?;
        let taken = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.take(1).map(|b| b[0])
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take(4).map(|b| u32_at(b, 0))
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take(8).map(|b| u64_at(b, 0))
    }

    pub(crate) fn varint(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// The place in the bytes of a block with its length before it.
    pub(crate) fn block(&mut self) -> Option<std::ops::Range<usize>> {
        let len = usize::try_from(self.varint()?).ok()?;
        let start = self.at;
        self.take(len)?;
        Some(start..start + len)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_and_frames_read_back_and_every_flip_shows() {
        let header = SegmentHeader { id: 7, salt: 0x0123_4567_89ab_cdef, lane: Lane::Week, copy: true };
        let page = header.encode();
        assert_eq!(SegmentHeader::decode(&page), Ok(header));
        for bit in 0..HEADER_FIELDS_BYTES * 8 {
            let mut flipped = page.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(SegmentHeader::decode(&flipped), Err(HeaderError::Damaged(_))), "bit {bit}");
        }
        let mut newer = page.clone();
        newer[8] += 1;
        let crc = crc32c(&newer[..32]);
        newer[32..36].copy_from_slice(&crc.to_le_bytes());
        assert!(matches!(SegmentHeader::decode(&newer), Err(HeaderError::Unknown(_))));
        let mut frame = vec![0; FRAME_HEADER_BYTES];
        frame.extend_from_slice(b"hello");
        finish_frame(&mut frame, 9, FrameKind::Commit, InCommit { sequence: 3, runs: 1, others: 2 });
        let read = FrameHeader::decode(&frame, 9).unwrap();
        assert_eq!((read.sequence, read.durable_below, read.length, read.runs, read.others), (3, 3, 5, 1, 2));
        assert_eq!(read.span(), frame.len() as u64);
        assert_eq!(FrameHeader::decode(&frame, 8), None, "a frame of another segment");
        for bit in 0..(FRAME_HEADER_BYTES + 5) * 8 {
            let mut flipped = frame[..FRAME_HEADER_BYTES + 5].to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(FrameHeader::decode(&flipped, 9).is_none() || !check_frame(&flipped), "bit {bit}");
        }
    }

    proptest! {
        #[test]
        fn numbers_read_back(number: u64) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, number);
            prop_assert!(bytes.len() <= 10);
            let mut cursor = Cursor::new(&bytes);
            prop_assert_eq!(cursor.varint(), Some(number));
            prop_assert!(cursor.is_at_end());
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
            let mut cursor = Cursor::new(&bytes);
            while cursor.varint().is_some() && cursor.block().is_some() {}
        }
    }
}
