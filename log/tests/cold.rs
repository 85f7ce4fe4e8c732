//! Reads from files and from the tail ring: what a page keeps in memory is what was asked for.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use bytes::Bytes;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use log::{Log, NewRecord, PartitionAppend};
use support::{run, sized};
use types::{Offset, PartitionId, Timestamp};

/// Whether records of so many bytes, each in a frame beside one of `large` bytes, are alone in their memory.
fn are_copies(tail_bytes: usize, small: u64, large: u64) -> bool {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(EmbeddedConfig { tail_bytes, ..sized(&vfs, 8 << 20) }).unwrap();
    let (one, other) = (PartitionId(1), PartitionId(2));
    for _ in 0..8 {
        let part = |partition, length: u64| PartitionAppend {
            partition,
            records: vec![NewRecord { key: Bytes::new(), value: vec![7; length as usize].into() }],
        };
        run(log.append(vec![part(one, small), part(other, large)], Timestamp(1))).unwrap();
    }
    let mut page = run(log.read(one, Offset(0), 100, 8 << 20)).unwrap().records;
    page.iter_mut().for_each(|record| record.key = Bytes::new());
    assert_eq!(page.len(), 8);
    let unique = page.iter().filter(|record| record.value.is_unique()).count();
    assert!(unique == 0 || unique == 8, "{unique}");
    unique == 8
}

/// Small records of one partition among large ones of another are read with what stands between them, which must not
/// stay: ten thousand such records would hold a hundred megabytes.
#[test]
fn a_page_of_scattered_records_does_not_hold_what_stands_between_them() {
    assert!(are_copies(0, 100, 4_000), "from the file, scattered");
    assert!(!are_copies(0, 4_000, 100), "from the file, dense: shared");
    assert!(are_copies(64 << 20, 1_000, 100_000), "from the ring, a small part of each frame");
    assert!(!are_copies(64 << 20, 100_000, 1_000), "from the ring, most of each frame: shared");
}
