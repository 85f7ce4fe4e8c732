//! What is made is read again; what is broken is a plain record; nothing panics.

use bytes::Bytes;
use md5::{Digest, Md5};
use proptest::prelude::*;
use types::{HashKey, HashRange};

use super::message::{put_bytes, put_number};
use super::{Aggregator, MAGIC, UserRecord, deaggregate};

const ALL: HashRange = HashRange { start: HashKey(0), end: HashKey(u128::MAX) };

fn entry(key: &str, hash: Option<&str>, data: &[u8]) -> UserRecord {
    let explicit_hash_key = hash.map(String::from);
    UserRecord { partition_key: key.into(), explicit_hash_key, data: Bytes::copy_from_slice(data) }
}

fn aggregate(entries: &[UserRecord]) -> Bytes {
    let mut aggregator = Aggregator::new(1 << 20);
    entries.iter().for_each(|entry| aggregator.push(entry.clone()));
    aggregator.take().unwrap().record.data
}

fn framed(message: &[u8]) -> Bytes {
    [&MAGIC[..], message, &Md5::digest(message)[..]].concat().into()
}

fn opened(data: &Bytes, range: HashRange) -> Option<Vec<UserRecord>> {
    let aggregate = deaggregate(data, range)?;
    let payloads: Vec<_> = aggregate.payloads().collect();
    let records: Vec<_> = aggregate.iter().collect();
    assert_eq!(payloads, records.iter().map(|record| record.data.clone()).collect::<Vec<_>>());
    assert!(records.iter().zip(0..).all(|(record, index)| record.sub_sequence_number == index));
    let of = |record: &super::SubRecord<'_>| UserRecord {
        partition_key: record.partition_key.to_string(),
        explicit_hash_key: record.explicit_hash_key.as_ref().map(ToString::to_string),
        data: record.data.clone(),
    };
    Some(records.iter().map(of).collect())
}

/// A record of a message: fields of the keys' indices and of the data, each if given.
fn record(key: Option<u64>, hash: Option<u64>, data: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    key.into_iter().for_each(|key| put_number(&mut out, 1, key));
    hash.into_iter().for_each(|hash| put_number(&mut out, 2, hash));
    data.into_iter().for_each(|data| put_bytes(&mut out, 3, data));
    out
}

fn message(keys: &[&[u8]], hashes: &[&[u8]], records: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    // Protobuf knows no order: the records may come before the tables they point into.
    records.iter().for_each(|record| put_bytes(&mut out, 3, record));
    keys.iter().for_each(|key| put_bytes(&mut out, 1, key));
    hashes.iter().for_each(|hash| put_bytes(&mut out, 2, hash));
    out
}

#[test]
fn the_bytes_are_those_of_the_format() {
    let data = aggregate(&[entry("a", None, b"x"), entry("a", Some("7"), b"y")]);
    let message = b"\x0a\x01a\x12\x017\x1a\x05\x08\x00\x1a\x01x\x1a\x07\x08\x00\x10\x00\x1a\x01y";
    assert_eq!(data, framed(message));
}

#[test]
fn what_is_no_aggregate_is_a_plain_record() {
    let good = aggregate(&[entry("a", None, b"x")]);
    let body = &good[4..good.len() - 16];
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", vec![]),
        ("shorter than the mark", MAGIC[..3].to_vec()),
        ("another mark", [b"\xF3\x89\x9A\xC3", &good[4..]].concat()),
        ("no message", framed(b"").to_vec()),
        ("cut off", good[..good.len() - 1].to_vec()),
        ("another digest", [&good[..good.len() - 1], b"\0"].concat()),
        ("no data", framed(&message(&[b"a"], &[], &[record(Some(0), None, None)])).to_vec()),
        ("no key", framed(&message(&[b"a"], &[], &[record(None, None, Some(b"x"))])).to_vec()),
        ("a length beyond the end", framed(b"\x0a\x05a").to_vec()),
        ("field number 0", framed(&[body, b"\x02\x00"].concat()).to_vec()),
        ("an end without a group", framed(&[body, b"\x2c"].concat()).to_vec()),
        ("a wire type that is none", framed(&[body, b"\x2e"].concat()).to_vec()),
        ("a varint without end", framed(&[body, &[0xFF; 11]].concat()).to_vec()),
        ("groups without end", framed(&vec![0x2b; 100_000]).to_vec()),
        ("a key that no producer can make", framed(&message(&[&[b'k'; 1025]], &[], &[])).to_vec()),
    ];
    for (what, data) in cases {
        assert!(deaggregate(&data.into(), ALL).is_none(), "{what}");
    }
}

#[test]
fn strange_aggregates_are_read_as_kcl_reads_them() {
    let (x, y) = (record(Some(0), None, Some(b"x")), record(Some(0), None, Some(b"y")));
    let beyond = record(Some(9), None, Some(b"lost"));
    let by_hash = |index| record(Some(0), Some(index), Some(b"h"));
    let mut unknown = message(&[b"a"], &[], std::slice::from_ref(&x));
    put_bytes(&mut unknown, 9, b"of the future");
    put_number(&mut unknown, 1, 5);
    unknown.extend_from_slice(b"\x2b\x08\x01\x2c"); // A group with a field in it.
    type Case = (&'static str, Vec<u8>, Vec<&'static [u8]>);
    let cases: Vec<Case> = vec![
        ("unknown fields are skipped", unknown, vec![b"x"]),
        ("no records", message(&[b"a"], &[], &[]), vec![]),
        ("an index beyond the table ends it", message(&[b"a"], &[], &[x.clone(), beyond, y.clone()]), vec![b"x"]),
        ("a senseless hash key ends it", message(&[b"a"], &[b"x"], &[x.clone(), by_hash(0), y.clone()]), vec![b"x"]),
        ("a hash beyond the space empties it", message(&[b"a"], &[b"-1"], &[x.clone(), by_hash(0)]), vec![]),
        ("a sign and zeros are fine", message(&[b"a"], &[b"+007"], &[by_hash(0), y.clone()]), vec![b"h", b"y"]),
        ("the last of two counts", message(&[b"a"], &[], &[[x, y].concat()]), vec![b"y"]),
    ];
    for (what, message, expected) in cases {
        let aggregate = deaggregate(&framed(&message), ALL).unwrap_or_else(|| panic!("{what}: no aggregate"));
        assert_eq!(aggregate.payloads().collect::<Vec<_>>(), expected, "{what}");
    }
    let bad_text = message(&[b"\xFF"], &[], &[record(Some(0), None, Some(b"x"))]);
    assert_eq!(opened(&framed(&bad_text), ALL).unwrap()[0].partition_key, "\u{FFFD}");
}

#[test]
fn one_record_of_another_shard_drops_the_aggregate() {
    let shards = HashRange::split_evenly(2);
    // MD5("a") is in the lower half; the hash key of the second record decides, not its key.
    let both = aggregate(&[entry("a", None, b"1"), entry("a", Some(&u128::MAX.to_string()), b"2")]);
    assert_eq!(opened(&both, ALL).unwrap().len(), 2);
    assert_eq!(opened(&both, shards[0]), Some(vec![]));
    assert_eq!(opened(&both, shards[1]), Some(vec![]));
    let lower = aggregate(&[entry("a", None, b"1"), entry("z", Some("5"), b"2")]);
    assert_eq!(opened(&lower, shards[0]).unwrap().len(), 2);
}

#[test]
fn an_aggregate_keeps_to_its_size() {
    let mut aggregator = Aggregator::new(1000);
    let user = entry("key", Some("12345678901234567890"), &[7; 90]);
    assert!(aggregator.has_room_for(&entry("k", None, &[0; 5000])), "an empty one takes anything");
    while aggregator.has_room_for(&user) {
        aggregator.push(user.clone());
    }
    let count = aggregator.len();
    let made = aggregator.take().unwrap();
    let size = made.record.data.len() + made.record.partition_key.len();
    assert!((800..=1000).contains(&size), "{size}");
    assert_eq!((made.count, aggregator.is_empty()), (count, true));
    assert_eq!(aggregator.take(), None);
}

prop_compose! {
    fn any_entry()(
        key in ".{1,20}",
        hash in proptest::option::of(any::<u128>()),
        data in proptest::collection::vec(any::<u8>(), 0..100),
    ) -> UserRecord {
        entry(&key, hash.map(|hash| hash.to_string()).as_deref(), &data)
    }
}

proptest! {
    #[test]
    fn what_is_put_in_comes_out(entries in proptest::collection::vec(any_entry(), 1..40)) {
        let data = aggregate(&entries);
        prop_assert_eq!(opened(&data, ALL), Some(entries));
    }

    #[test]
    fn changed_bytes_are_a_plain_record(
        entries in proptest::collection::vec(any_entry(), 1..10),
        at in any::<prop::sample::Index>(),
        change in 1u8..,
    ) {
        let mut data = aggregate(&entries).to_vec();
        let at = at.index(data.len());
        data[at] ^= change;
        prop_assert!(deaggregate(&data.into(), ALL).is_none());
    }

    #[test]
    fn any_message_is_read_or_refused(
        entries in proptest::collection::vec(any_entry(), 1..10),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        noise in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let good = aggregate(&entries);
        let mut message = good[4..good.len() - 16].to_vec();
        for (at, byte) in changes {
            let at = at.index(message.len());
            message[at] = byte;
        }
        message.truncate(cut.index(message.len()) + 1);
        let half = HashRange::split_evenly(2)[0];
        for message in [&message[..], &noise[..]] {
            if let Some(all) = opened(&framed(message), ALL) {
                let fewer = opened(&framed(message), half).expect("the range does not decide what is an aggregate");
                prop_assert!(all.starts_with(&fewer));
            }
        }
        prop_assert!(deaggregate(&noise.into(), ALL).is_none());
    }
}
