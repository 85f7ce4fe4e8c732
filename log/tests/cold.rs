//! Reads from files: what a page keeps in memory is what was asked for.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use bytes::Bytes;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use log::{Log, NewRecord, PartitionAppend};
use support::{run, sized};
use types::{Offset, PartitionId, Timestamp};

/// Small records of one partition among large ones of another are read with what stands between them, which must not
/// stay: ten thousand such records would hold a hundred megabytes.
#[test]
fn a_page_of_scattered_records_does_not_hold_what_stands_between_them() {
    let vfs = FaultVfs::default();
    let log = EmbeddedLog::open(EmbeddedConfig { tail_bytes: 0, ..sized(&vfs, 1 << 20) }).unwrap();
    for (small, large) in [(100, 4_000), (4_000, 100)] {
        let (one, other) = (PartitionId(small), PartitionId(9));
        for _ in 0..8 {
            let part = |partition, length: u64| PartitionAppend {
                partition,
                records: vec![NewRecord { key: Bytes::new(), value: vec![7; length as usize].into() }],
            };
            run(log.append(vec![part(one, small), part(other, large)], Timestamp(1))).unwrap();
        }
        let mut page = run(log.read(one, Offset(0), 100, 1 << 20)).unwrap().records;
        page.iter_mut().for_each(|record| record.key = Bytes::new());
        assert_eq!(page.len(), 8);
        // Alone in its buffer or not: the dense ones share what was read, and nothing is copied.
        assert!(page.iter().all(|record| record.value.is_unique() == (small < large)), "{small} among {large}");
    }
}
