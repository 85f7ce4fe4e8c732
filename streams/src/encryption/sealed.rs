//! The form of a sealed record in the log; `docs/log-format.md` has it in a table.
//!
//! The key in the log is `FF 01`, the number of the data key (4 bytes, big-endian) and the nonce (12): no partition key
//! begins so, being UTF-8. The value is AES-256-GCM over the length of the partition key (4 bytes, big-endian), the
//! partition key and the data, with the partition and the key in the log authenticated: a record that is moved to another
//! shard does not open.

use aws_lc_rs::aead::{Aad, LessSafeKey, MAX_TAG_LEN, NONCE_LEN, Nonce};
use bytes::Bytes;
use log::{NewRecord, StoredRecord};
use types::PartitionId;

const MARK: u8 = 0xff;
const KIND: u8 = 1;
const HEADER_BYTES: usize = 6 + NONCE_LEN;
const LENGTH_BYTES: usize = 4;

/// Whether a key in the log says that the record is sealed, in whatever version.
pub(crate) fn is_sealed(key: &[u8]) -> bool {
    key.first() == Some(&MARK)
}

/// The number of the data key; none if the header is not of this version.
pub(super) fn key_number(key: &[u8]) -> Option<u32> {
    header(key).map(|(number, _)| number)
}

fn header(key: &[u8]) -> Option<(u32, [u8; NONCE_LEN])> {
    let key: &[u8; HEADER_BYTES] = key.try_into().ok()?;
    let (mark, nonce) = key.split_first_chunk::<6>()?;
    let [MARK, KIND, number @ ..] = *mark else { return None };
    Some((u32::from_be_bytes(number), nonce.try_into().ok()?))
}

/// Where a record is, and what says how it was sealed.
fn authenticated(partition: PartitionId, header: &[u8; HEADER_BYTES]) -> Aad<[u8; 8 + HEADER_BYTES]> {
    let mut text = [0; 8 + HEADER_BYTES];
    text[..8].copy_from_slice(&partition.0.to_be_bytes());
    text[8..].copy_from_slice(header);
    Aad::from(text)
}

/// Seals a record; `nonce` was never used with the key before.
pub(super) fn seal(
    key: &LessSafeKey,
    number: u32,
    nonce: [u8; NONCE_LEN],
    partition: PartitionId,
    record: &NewRecord,
) -> NewRecord {
    let mut header = [MARK; HEADER_BYTES];
    header[1] = KIND;
    header[2..6].copy_from_slice(&number.to_be_bytes());
    header[6..].copy_from_slice(&nonce);
    let mut body = Vec::with_capacity(LENGTH_BYTES + record.key.len() + record.value.len() + MAX_TAG_LEN);
    body.extend_from_slice(&(record.key.len() as u32).to_be_bytes());
    body.extend_from_slice(&record.key);
    body.extend_from_slice(&record.value);
    let sealed =
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), authenticated(partition, &header), &mut body);
    sealed.expect("a request is far shorter than what GCM takes");
    NewRecord { key: Bytes::copy_from_slice(&header), value: Bytes::from(body) }
}

/// Partition key and data of a sealed record; none if anything about it was changed.
pub(super) fn open(key: &LessSafeKey, partition: PartitionId, record: &StoredRecord) -> Option<(String, Bytes)> {
    let (_, nonce) = header(&record.key)?;
    let aad = authenticated(partition, record.key.first_chunk()?);
    let mut body = record.value.to_vec();
    let nonce = Nonce::assume_unique_for_key(nonce);
    let opened = key.open_in_place(nonce, aad, &mut body).ok()?.len();
    body.truncate(opened);
    let body = Bytes::from(body);
    let length = u32::from_be_bytes(*body.first_chunk()?);
    let key_end = LENGTH_BYTES.checked_add(usize::try_from(length).ok()?)?;
    let partition_key = std::str::from_utf8(body.get(LENGTH_BYTES..key_end)?).ok()?.to_owned();
    Some((partition_key, body.slice(key_end..)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::{Offset, Timestamp};

    use super::super::master::cipher;
    use super::*;

    fn stored(record: NewRecord) -> StoredRecord {
        StoredRecord { offset: Offset(0), time: Timestamp(0), key: record.key, value: record.value }
    }

    fn flipped(bytes: &Bytes, bit: usize) -> Bytes {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        Bytes::from(bytes)
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens_unless_anything_changed(
            partition_key in ".{0,40}", data: Vec<u8>, number: u32, nonce: [u8; 12], place: u64, bit: prop::sample::Index,
        ) {
            let (key, partition) = (cipher(&[7; 32]), PartitionId(place));
            let plain = NewRecord { key: Bytes::from(partition_key.clone()), value: Bytes::from(data.clone()) };
            let sealed = stored(seal(&key, number, nonce, partition, &plain));
            prop_assert!(is_sealed(&sealed.key) && !is_sealed(&plain.key));
            prop_assert_eq!(key_number(&sealed.key), Some(number));
            prop_assert_eq!(open(&key, partition, &sealed), Some((partition_key, Bytes::from(data))));
            prop_assert_eq!(open(&cipher(&[8; 32]), partition, &sealed), None);
            prop_assert_eq!(open(&key, PartitionId(place ^ 1), &sealed), None);
            let key_bits = sealed.key.len() * 8;
            let mut changed = sealed.clone();
            match bit.index(key_bits + sealed.value.len() * 8) {
                bit if bit < key_bits => changed.key = flipped(&sealed.key, bit),
                bit => changed.value = flipped(&sealed.value, bit - key_bits),
            }
            prop_assert_eq!(open(&key, partition, &changed), None);
            let cut = bit.index(sealed.value.len());
            let shorter = StoredRecord { value: sealed.value.slice(..cut), ..sealed };
            prop_assert_eq!(open(&key, partition, &shorter), None);
        }

        #[test]
        fn any_bytes_are_refused_not_a_panic(key: Vec<u8>, value: Vec<u8>) {
            let key = [&[MARK, KIND][..], &key].concat();
            let record = stored(NewRecord { key: key.into(), value: value.into() });
            prop_assert_eq!(open(&cipher(&[7; 32]), PartitionId(1), &record), None);
        }
    }
}
