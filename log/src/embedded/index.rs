//! Where the records of a partition stand in one segment: postings while it is active, a footer once it is sealed.
//!
//! The footer of a sealed segment is also kept in a sidecar file `seg-….idx` (`docs/log-format.md`): its directory is
//! read at open, its postings on demand. A sidecar is never the only copy: the segment is scanned when it is missing
//! or damaged.

use std::collections::HashMap;

use crc32c::crc32c;
use types::{Offset, PartitionId, Timestamp};

use super::format::{Cursor, VERSION};

const SIDECAR_MAGIC: [u8; 8] = *b"THALIDX\x01";
/// Fixed fields, then the directory.
pub(crate) const SIDECAR_HEADER_BYTES: usize = 64;
const ENTRY_BYTES: usize = 36;
const POSTING_BYTES: usize = 28;

/// A run of records of one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    /// Its first record.
    pub(crate) first: Offset,
    /// The time of its last record.
    pub(crate) last_time: Timestamp,
    /// How many records.
    pub(crate) count: u32,
    /// Where it begins in the segment; segments are shorter than 4 GiB.
    pub(crate) position: u32,
    /// Its bytes, prefix and all.
    pub(crate) length: u32,
}

impl Posting {
    /// One past its last record.
    pub(crate) fn end(&self) -> Offset {
        Offset(self.first.0 + u64::from(self.count))
    }
}

/// The postings of the active segment.
pub(crate) type ActiveIndex = HashMap<PartitionId, Vec<Posting>>;

/// What a segment holds of one partition; a fence for seeks by offset and by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) partition: PartitionId,
    pub(crate) first: Offset,
    pub(crate) end: Offset,
    /// The time of its last record; the fence before bounds the time of its first.
    pub(crate) max_time: Timestamp,
    /// How many of the footer's postings are its.
    pub(crate) postings: u32,
}

/// The index of one sealed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) segment: u64,
    pub(crate) salt: u64,
    /// The sequence of the segment's first frame.
    pub(crate) first_sequence: u64,
    /// One past the sequence of its seal.
    pub(crate) next_sequence: u64,
    /// By partition.
    pub(crate) directory: Vec<Entry>,
    /// In the order of the directory.
    pub(crate) postings: Vec<Posting>,
}

impl Footer {
    /// Makes the footer of a segment from its postings.
    pub(crate) fn new(segment: u64, salt: u64, sequences: (u64, u64), active: ActiveIndex) -> Self {
        let mut lists: Vec<_> = active.into_iter().filter(|(_, postings)| !postings.is_empty()).collect();
        lists.sort_unstable_by_key(|(partition, _)| *partition);
        let mut footer = Self {
            segment,
            salt,
            first_sequence: sequences.0,
            next_sequence: sequences.1,
            directory: Vec::with_capacity(lists.len()),
            postings: Vec::with_capacity(lists.iter().map(|(_, postings)| postings.len()).sum()),
        };
        for (partition, postings) in lists {
            let (Some(first), Some(last)) = (postings.first(), postings.last()) else { continue };
            footer.directory.push(Entry {
                partition,
                first: first.first,
                end: last.end(),
                max_time: last.last_time,
                postings: postings.len() as u32,
            });
            footer.postings.extend(postings);
        }
        footer
    }

    /// The postings of `partition`, in order.
    pub(crate) fn postings_of(&self, partition: PartitionId) -> &[Posting] {
        let Ok(index) = self.directory.binary_search_by_key(&partition, |entry| entry.partition) else { return &[] };
        let before: usize = self.directory[..index].iter().map(|entry| entry.postings as usize).sum();
        &self.postings[before..before + self.directory[index].postings as usize]
    }

    /// About how much memory it takes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.directory.len() * size_of::<Entry>() + self.postings.len() * size_of::<Posting>()
    }

    /// The sidecar's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let postings_at = SIDECAR_HEADER_BYTES + self.directory.len() * ENTRY_BYTES;
        let mut bytes = vec![0; SIDECAR_HEADER_BYTES];
        for entry in &self.directory {
            for number in [entry.partition.0, entry.first.0, entry.end.0, entry.max_time.0] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(&entry.postings.to_le_bytes());
        }
        for posting in &self.postings {
            bytes.extend_from_slice(&posting.first.0.to_le_bytes());
            bytes.extend_from_slice(&posting.last_time.0.to_le_bytes());
            for number in [posting.count, posting.position, posting.length] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        let mut header = Vec::with_capacity(SIDECAR_HEADER_BYTES);
        header.extend_from_slice(&SIDECAR_MAGIC);
        header.extend_from_slice(&VERSION.to_le_bytes());
        header.extend_from_slice(&(self.directory.len() as u32).to_le_bytes());
        for number in [self.segment, self.salt, self.first_sequence, self.next_sequence] {
            header.extend_from_slice(&number.to_le_bytes());
        }
        header.extend_from_slice(&(self.postings.len() as u32).to_le_bytes());
        header.extend_from_slice(&crc32c(&bytes[postings_at..]).to_le_bytes());
        header.extend_from_slice(&crc32c(&bytes[SIDECAR_HEADER_BYTES..postings_at]).to_le_bytes());
        let crc = crc32c(&header);
        header.extend_from_slice(&crc.to_le_bytes());
        bytes[..SIDECAR_HEADER_BYTES].copy_from_slice(&header);
        bytes
    }

    /// Bytes of header and directory, once the header is known.
    pub(crate) fn directory_end(header: &[u8]) -> Option<usize> {
        let entries = SidecarHeader::decode(header)?.entries as usize;
        SIDECAR_HEADER_BYTES.checked_add(entries.checked_mul(ENTRY_BYTES)?)
    }

    /// Reads a sidecar, without the postings when `bytes` ends with the directory; `None` when it is damaged.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let header = SidecarHeader::decode(bytes)?;
        let postings_at = Self::directory_end(bytes)?;
        let directory_bytes = bytes.get(SIDECAR_HEADER_BYTES..postings_at)?;
        if crc32c(directory_bytes) != header.directory_crc {
            return None;
        }
        let rest = &bytes[postings_at..];
        if !rest.is_empty()
            && (rest.len() != header.postings as usize * POSTING_BYTES || crc32c(rest) != header.postings_crc)
        {
            return None;
        }
        let mut cursor = Cursor::new(directory_bytes);
        let mut directory = Vec::with_capacity(header.entries as usize);
        while !cursor.is_at_end() {
            directory.push(Entry {
                partition: PartitionId(cursor.u64()?),
                first: Offset(cursor.u64()?),
                end: Offset(cursor.u64()?),
                max_time: Timestamp(cursor.u64()?),
                postings: cursor.u32()?,
            });
        }
        let mut cursor = Cursor::new(rest);
        let mut postings = Vec::with_capacity(rest.len() / POSTING_BYTES);
        while !cursor.is_at_end() {
            postings.push(Posting {
                first: Offset(cursor.u64()?),
                last_time: Timestamp(cursor.u64()?),
                count: cursor.u32()?,
                position: cursor.u32()?,
                length: cursor.u32()?,
            });
        }
        let total: u64 = directory.iter().map(|entry| u64::from(entry.postings)).sum();
        (total == u64::from(header.postings)).then_some(Self {
            segment: header.segment,
            salt: header.salt,
            first_sequence: header.first_sequence,
            next_sequence: header.next_sequence,
            directory,
            postings,
        })
    }
}

struct SidecarHeader {
    entries: u32,
    segment: u64,
    salt: u64,
    first_sequence: u64,
    next_sequence: u64,
    postings: u32,
    postings_crc: u32,
    directory_crc: u32,
}

impl SidecarHeader {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.get(..SIDECAR_HEADER_BYTES)?;
        let mut cursor = Cursor::new(bytes);
        let known = cursor.take(8)? == SIDECAR_MAGIC && cursor.u32()? == VERSION;
        let header = Self {
            entries: cursor.u32()?,
            segment: cursor.u64()?,
            salt: cursor.u64()?,
            first_sequence: cursor.u64()?,
            next_sequence: cursor.u64()?,
            postings: cursor.u32()?,
            postings_crc: cursor.u32()?,
            directory_crc: cursor.u32()?,
        };
        let whole = crc32c(&bytes[..SIDECAR_HEADER_BYTES - 4]) == cursor.u32()?;
        (known && whole).then_some(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posting(first: u64, position: u32) -> Posting {
        Posting { first: Offset(first), last_time: Timestamp(first * 10), count: 2, position, length: 40 }
    }

    #[test]
    fn a_sidecar_reads_back_and_every_flip_shows() {
        let active = ActiveIndex::from([
            (PartitionId(9), vec![posting(4, 5_000)]),
            (PartitionId(3), vec![posting(0, 4_100), posting(2, 4_200)]),
        ]);
        let footer = Footer::new(5, 77, (10, 14), active);
        assert_eq!(footer.postings_of(PartitionId(3)).len(), 2);
        assert_eq!(footer.postings_of(PartitionId(9)), [posting(4, 5_000)]);
        assert!(footer.postings_of(PartitionId(4)).is_empty());
        let bytes = footer.encode();
        assert_eq!(Footer::decode(&bytes), Some(footer.clone()));
        let directory = Footer::decode(&bytes[..Footer::directory_end(&bytes).unwrap()]).unwrap();
        assert_eq!((directory.directory, directory.postings.len()), (footer.directory, 0));
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Footer::decode(&flipped), None, "bit {bit}");
        }
        for len in 0..bytes.len() {
            let _cut = Footer::decode(&bytes[..len]);
        }
    }
}
