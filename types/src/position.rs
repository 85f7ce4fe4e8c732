//! Where a record is: partition, offset, shard, hash key, and the public sequence number built from them.
//!
//! A sequence number is `(1 << 124) | (epoch << 64) | (offset + 1)`: always 38 decimal digits, so text order is numeric
//! order. `epoch` is the command-log offset of the command that opened the shard and, in its low 16 bits, the shard's
//! index among those that the command opened. So a child shard is always above its parent, a stream made anew under
//! an old name never accepts the old one's numbers, and no shard accepts those of another. The low half is the
//! record's log offset plus one: zero is the shard's StartingSequenceNumber, which no record bears, so
//! `AFTER_SEQUENCE_NUMBER` of it means the whole shard.

use std::fmt;

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

/// A partition of the log. Ids come from the command that needs the partition and are never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionId(pub u64);

impl PartitionId {
    /// The `index`-th partition opened by the command at `command`: unique across domains, the same on every replay,
    /// and never 0, which is the command log itself.
    ///
    /// # Panics
    /// If the command log holds 2^48 commands or more; a control plane does not.
    pub fn opened_by(command: Offset, index: u16) -> Self {
        assert!(command.0 < (1 << 48) - 1, "a command log stays below 2^48 commands");
        Self((command.0 + 1) << 16 | u64::from(index))
    }
}

/// The place of a record in its partition: 0, 1, 2, … without gaps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(pub u64);

impl Offset {
    /// The first place of every partition.
    pub const ZERO: Self = Self(0);

    /// The place after this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Which command made a thing: its command-log offset for a resource, [`Epoch::of_shard`] for a shard (below 2^60).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(pub u64);

impl Epoch {
    /// The epoch of the `index`-th shard that the command at `command` opened.
    ///
    /// # Panics
    /// If the command log holds 2^44 commands or more; a control plane does not.
    pub fn of_shard(command: Offset, index: u16) -> Self {
        assert!(command.0 < 1 << 44, "a command log stays below 2^44 commands");
        Self(command.0 << 16 | u64::from(index))
    }
}

const MARK: u128 = 1 << 124;
const EPOCH_MAX: u64 = (1 << 60) - 1;

/// The public position of a record in a stream; see the module text for the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SequenceNumber(u128);

impl SequenceNumber {
    /// The number of the record at `offset` in the shard opened at `epoch`.
    ///
    /// # Panics
    /// If `epoch` is 2^60 or more or `offset` is `u64::MAX`: neither can be reached by a log written one by one.
    pub fn of(epoch: Epoch, offset: Offset) -> Self {
        Self::at(epoch, offset.0.checked_add(1).expect("a partition never holds 2^64 records"))
    }

    /// The shard's StartingSequenceNumber: below every record of the shard.
    pub fn start_of(epoch: Epoch) -> Self {
        Self::at(epoch, 0)
    }

    fn at(epoch: Epoch, place: u64) -> Self {
        assert!(epoch.0 <= EPOCH_MAX, "an epoch is a command-log offset and fits 60 bits");
        Self(MARK | u128::from(epoch.0) << 64 | u128::from(place))
    }

    /// Reads a decimal number; `None` when it was not made by [`Self::of`] or [`Self::start_of`].
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 38 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let value: u128 = text.parse().ok()?;
        (value >> 124 == 1).then_some(Self(value))
    }

    /// The epoch of the shard that the number belongs to.
    pub fn epoch(self) -> Epoch {
        Epoch((self.0 >> 64) as u64 & EPOCH_MAX)
    }

    /// The offset of the record that bears the number; `None` for a StartingSequenceNumber.
    pub fn offset(self) -> Option<Offset> {
        (self.0 as u64).checked_sub(1).map(Offset)
    }

    /// The first offset at or after this number: `AT_SEQUENCE_NUMBER`.
    pub fn at_offset(self) -> Offset {
        self.offset().unwrap_or(Offset::ZERO)
    }

    /// The first offset after this number: `AFTER_SEQUENCE_NUMBER`.
    pub fn after_offset(self) -> Offset {
        Offset(self.0 as u64)
    }
}

impl SequenceNumber {
    /// Its decimal digits, as it is shown. Answers have thousands of them, and formatting a 128-bit number costs several times
    /// as much as two of 64 bits.
    pub fn digits(self) -> [u8; 38] {
        const HALF: u128 = 10_u128.pow(19);
        let mut digits = [b'0'; 38];
        let high = self.0 / HALF;
        put_digits(high as u64, &mut digits[..19]);
        put_digits((self.0 - high * HALF) as u64, &mut digits[19..]);
        digits
    }
}

/// Writes `number` to the end of `digits`, which are zeros before it.
fn put_digits(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A shard's index in its stream, shown as `shardId-` and twelve digits; never used twice in one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ShardId(pub u32);

impl ShardId {
    /// Reads `shardId-000000000000`; `None` for any other form.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix("shardId-")?;
        let exact = digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit());
        exact.then(|| digits.parse().ok().map(Self))?
    }
}

impl ShardId {
    /// As it is shown.
    pub fn text(self) -> [u8; 20] {
        let mut text = *b"shardId-000000000000";
        put_digits(self.0.into(), &mut text[8..]);
        text
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shardId-{:012}", self.0)
    }
}

/// A point of the 128-bit hash space that records are routed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HashKey(pub u128);

impl HashKey {
    /// The hash of a partition key: MD5 of its UTF-8, read as a big-endian number (API reference, PutRecord).
    pub fn of_partition_key(partition_key: impl AsRef<[u8]>) -> Self {
        Self(u128::from_be_bytes(Md5::digest(partition_key).into()))
    }

    /// Reads an ExplicitHashKey: decimal, without leading zeros, at most 2^128 - 1.
    pub fn parse(text: &str) -> Option<Self> {
        let plain =
            !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        plain.then(|| text.parse().ok().map(Self))?
    }
}

impl fmt::Display for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The hash keys of one shard, both ends inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HashRange {
    /// The lowest key.
    pub start: HashKey,
    /// The highest key.
    pub end: HashKey,
}

impl HashRange {
    /// Whether the key is routed to this range.
    pub fn contains(&self, key: HashKey) -> bool {
        (self.start..=self.end).contains(&key)
    }

    /// The ranges of a new stream: `floor(2^128 / count)` wide each, the last one to the end of the space.
    ///
    /// # Panics
    /// If `count` is zero; a stream has at least one shard.
    pub fn split_evenly(count: u32) -> Vec<Self> {
        assert!(count > 0, "a stream has at least one shard");
        // 2^128 does not fit; for every count but powers of two, (2^128 - 1) / count is the same floor; one shard wraps to zero, unused.
        let count_wide = u128::from(count);
        let exact = u128::from(u128::MAX % count_wide == count_wide - 1);
        let width = (u128::MAX / count_wide).wrapping_add(exact);
        (0..count_wide)
            .map(|index| {
                let start = width.wrapping_mul(index);
                let last = index == count_wide - 1;
                let end = if last { u128::MAX } else { start + (width - 1) };
                Self { start: HashKey(start), end: HashKey(end) }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ranges_tile_the_space_with_the_aws_width() {
        let four = HashRange::split_evenly(4);
        assert_eq!(four[0].end.to_string(), "85070591730234615865843651857942052863");
        assert_eq!(four[3].end.0, u128::MAX);
        let three = HashRange::split_evenly(3);
        assert_eq!(three[0].end.to_string(), "113427455640312821154458202477256070484");
        assert_eq!(HashRange::split_evenly(1)[0], HashRange { start: HashKey(0), end: HashKey(u128::MAX) });
    }

    #[test]
    fn partition_keys_hash_as_on_aws() {
        // MD5("a") = 0cc175b9c0f1b6a831c399e269772661
        assert_eq!(HashKey::of_partition_key("a").0, 0x0cc1_75b9_c0f1_b6a8_31c3_99e2_6977_2661);
    }

    #[test]
    fn strange_numbers_are_not_sequence_numbers() {
        for text in [
            "",
            "0",
            "49646437577108476416916876405825929425585429676275269634",
            "+1267650600228229401496703205376000000",
        ] {
            assert_eq!(SequenceNumber::parse(text), None, "{text:?}");
        }
        assert_eq!(ShardId::parse("shardId-1"), None);
        assert_eq!(HashKey::parse("340282366920938463463374607431768211456"), None);
        assert_eq!(HashKey::parse("00"), None);
    }

    proptest! {
        #[test]
        fn numbers_are_shown_as_they_are_formatted(epoch in 0..EPOCH_MAX, offset in 0..u64::MAX, shard: u32) {
            let number = SequenceNumber::of(Epoch(epoch), Offset(offset));
            prop_assert_eq!(number.digits().to_vec(), number.to_string().into_bytes());
            prop_assert_eq!(ShardId(shard).text().to_vec(), ShardId(shard).to_string().into_bytes());
        }

        #[test]
        fn ranges_have_no_hole(count in 1u32..3000) {
            let ranges = HashRange::split_evenly(count);
            prop_assert_eq!(ranges[0].start.0, 0);
            prop_assert_eq!(ranges[ranges.len() - 1].end.0, u128::MAX);
            for pair in ranges.windows(2) {
                prop_assert_eq!(pair[0].end.0 + 1, pair[1].start.0);
            }
        }

        #[test]
        fn sequence_numbers_round_trip_in_order(epoch in 0u64..=EPOCH_MAX, offset in 0..u64::MAX, other in 0..u64::MAX) {
            let number = SequenceNumber::of(Epoch(epoch), Offset(offset));
            let text = number.to_string();
            prop_assert_eq!(text.len(), 38);
            prop_assert_eq!(SequenceNumber::parse(&text), Some(number));
            prop_assert_eq!((number.epoch(), number.offset()), (Epoch(epoch), Some(Offset(offset))));
            prop_assert!(SequenceNumber::start_of(Epoch(epoch)) < number);
            let second = SequenceNumber::of(Epoch(epoch), Offset(other));
            prop_assert_eq!(text.cmp(&second.to_string()), offset.cmp(&other));
        }
    }
}
