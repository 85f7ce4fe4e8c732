//! From the data of a record to the user records in it, by the rules of KCL (`AggregatorUtil.deaggregate`).

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use md5::{Digest, Md5};
use types::{HashKey, HashRange};

use super::message::{self, Entry};
use super::{DIGEST_BYTES, MAGIC};

/// The longest partition key in bytes: 256 characters (API reference) of at most four. No producer can make a longer one,
/// and a table with one huge key that many records share would else grow without bound when it is written out.
const PARTITION_KEY_BYTES_MAX: usize = 256 * 4;

/// The user records of one aggregate that belong to a shard. It holds the record's own bytes and, per user record, where
/// its parts are: less than ten times the record.
#[derive(Debug)]
pub struct Aggregate {
    message: Bytes,
    partition_keys: Vec<Range<usize>>,
    explicit_hash_keys: Vec<Range<usize>>,
    records: Vec<Entry>,
}

/// A user record. Its sequence number and arrival time are those of the record around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubRecord<'a> {
    /// Its place among those of the same sequence number: 0, 1, 2, …
    pub sub_sequence_number: u64,
    /// The key that its producer gave it.
    pub partition_key: Cow<'a, str>,
    /// The hash key that its producer gave it, if any.
    pub explicit_hash_key: Option<Cow<'a, str>>,
    /// The payload, shared with the record around it.
    pub data: Bytes,
}

/// Opens an aggregate; `None` when the data is none, and then the record is a user record itself.
///
/// `range` is the shard's: when a user record does not belong there, the rest is left out and what came before it, too.
/// Such aggregates come from a producer that had not yet heard of a reshard.
pub fn deaggregate(data: &Bytes, range: HashRange) -> Option<Aggregate> {
    // The mark alone tells nearly all other records apart, at no cost.
    let rest = data.strip_prefix(&MAGIC)?;
    let length = rest.len().checked_sub(DIGEST_BYTES).filter(|length| *length > 0)?;
    let (body, digest) = rest.split_at(length);
    if Md5::digest(body).as_slice() != digest {
        return None;
    }
    let parsed = message::parse(body)?;
    if parsed.partition_keys.iter().any(|key| key.len() > PARTITION_KEY_BYTES_MAX) {
        return None;
    }
    let mut aggregate = Aggregate {
        message: data.slice(MAGIC.len()..MAGIC.len() + length),
        partition_keys: parsed.partition_keys,
        explicit_hash_keys: parsed.explicit_hash_keys,
        records: parsed.records,
    };
    let kept = aggregate.count_of(range);
    aggregate.records.truncate(kept);
    Some(aggregate)
}

/// Where the hash of a user record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    At(HashKey),
    /// A number beyond the hash space: in no shard.
    Nowhere,
    /// Not even a number.
    Senseless,
}

impl Aggregate {
    /// How many there are; none when none belongs to the shard.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The user records in order.
    pub fn iter(&self) -> impl Iterator<Item = SubRecord<'_>> {
        self.records.iter().zip(0..).map(|(entry, sub_sequence_number)| SubRecord {
            sub_sequence_number,
            partition_key: self.text(&self.partition_keys, entry.partition_key).unwrap_or_default(),
            explicit_hash_key: entry.explicit_hash_key.and_then(|index| self.text(&self.explicit_hash_keys, index)),
            data: self.message.slice(entry.data.clone()),
        })
    }

    /// The payloads in order, for who needs nothing else.
    pub fn payloads(&self) -> impl Iterator<Item = Bytes> {
        self.records.iter().map(|entry| self.message.slice(entry.data.clone()))
    }

    /// The text as Java reads it: what is not UTF-8 is replaced.
    fn text(&self, table: &[Range<usize>], index: u64) -> Option<Cow<'_, str>> {
        let span = table.get(usize::try_from(index).ok()?)?;
        Some(String::from_utf8_lossy(&self.message[span.clone()]))
    }

    /// How many of the first records a consumer of the shard gets: all; none if one lies outside; those before one that
    /// points beyond the tables or has a senseless hash key.
    fn count_of(&self, range: HashRange) -> usize {
        // Each text is looked at once, however many records share it.
        let mut by_key: Vec<Option<Place>> = vec![None; self.partition_keys.len()];
        let mut by_hash: Vec<Option<Place>> = vec![None; self.explicit_hash_keys.len()];
        for (count, entry) in self.records.iter().enumerate() {
            let Some(of_key) = known(&mut by_key, entry.partition_key) else { return count };
            let place = match entry.explicit_hash_key {
                None => *of_key.get_or_insert_with(|| {
                    let key = self.text(&self.partition_keys, entry.partition_key).unwrap_or_default();
                    Place::At(HashKey::of_partition_key(&*key))
                }),
                Some(index) => {
                    let Some(of_hash) = known(&mut by_hash, index) else { return count };
                    *of_hash
                        .get_or_insert_with(|| place(&self.text(&self.explicit_hash_keys, index).unwrap_or_default()))
                }
            };
            match place {
                Place::At(key) if range.contains(key) => {}
                Place::Senseless => return count,
                Place::At(_) | Place::Nowhere => return 0,
            }
        }
        self.records.len()
    }
}

fn known(table: &mut [Option<Place>], index: u64) -> Option<&mut Option<Place>> {
    table.get_mut(usize::try_from(index).ok()?)
}

/// An explicit hash key, read as Java's `BigInteger` does: a sign and leading zeros are fine.
fn place(text: &str) -> Place {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Place::Senseless;
    }
    match digits.parse::<u128>() {
        Ok(0) => Place::At(HashKey(0)),
        Ok(value) if !negative => Place::At(HashKey(value)),
        _ => Place::Nowhere,
    }
}
