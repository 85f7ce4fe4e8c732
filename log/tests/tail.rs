//! Readers of the tail beside the commit thread: in a ring so small that its buffers go round all the time, nobody is
//! shown a byte that was not written there, also not later, when his page is still held.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use log::{Log, LogError, NewRecord, Page, PartitionAppend};
use types::{Offset, PartitionId, Timestamp};

const PARTITIONS: u64 = 3;
const ROUNDS: u64 = 150;

/// What the record must hold; 1 to 40 KiB, so that frames are both copied and kept whole.
fn value(partition: u64, offset: u64) -> Bytes {
    let length = 1024 * (1 + (partition * 7 + offset * 13) % 40);
    Bytes::from(vec![(partition * 101 + offset) as u8; length as usize])
}

fn check(partition: u64, page: &Page) {
    for record in &page.records {
        assert!(record.offset < page.bounds.end);
        assert_eq!(record.value, value(partition, record.offset.0), "{partition} {:?}", record.offset);
    }
}

async fn write(log: &EmbeddedLog) {
    for round in 0..ROUNDS {
        let batch = (1..=PARTITIONS).map(|partition| {
            let first = round * 4;
            let record = |offset| NewRecord { key: Bytes::from_static(b"k"), value: value(partition, offset) };
            PartitionAppend { partition: PartitionId(partition), records: (first..first + 4).map(record).collect() }
        });
        log.append(batch.collect(), Timestamp(round)).await.unwrap();
        if round % 10 == 9 {
            log.trim(PartitionId(1 + round % PARTITIONS), Offset(round * 2)).await.unwrap();
        }
    }
}

/// Reads to the end and holds what it got for some pages.
async fn read(log: &EmbeddedLog, partition: u64, over: &AtomicBool) -> u64 {
    let (mut next, mut held) = (Offset(0), Vec::new());
    loop {
        let ends = over.load(Ordering::Acquire);
        match log.read(PartitionId(partition), next, 9, 100_000).await {
            Ok(page) => {
                check(partition, &page);
                match page.records.last() {
                    Some(last) => next = last.offset.next(),
                    None if ends => return next.0,
                    None => tokio::task::yield_now().await,
                }
                held.push(page);
                if held.len() > 20 {
                    held.drain(..10).for_each(|page| check(partition, &page));
                }
            }
            Err(LogError::Trimmed { start, .. }) => next = start,
            Err(LogError::NoPartition(_)) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nobody_is_shown_a_buffer_that_is_used_again() {
    for tail_bytes in [0, 300 << 10, 900 << 10, 64 << 20] {
        let config = EmbeddedConfig { vfs: Arc::new(FaultVfs::default()), ..EmbeddedConfig::at("/log") };
        let log = EmbeddedLog::open(EmbeddedConfig { segment_bytes: 2 << 20, tail_bytes, ..config }).unwrap();
        let over = Arc::new(AtomicBool::new(false));
        let readers: Vec<_> = (1..=PARTITIONS)
            .map(|partition| {
                let (log, over) = (Arc::clone(&log), Arc::clone(&over));
                tokio::spawn(async move { read(&log, partition, &over).await })
            })
            .collect();
        write(&log).await;
        over.store(true, Ordering::Release);
        for reader in readers {
            assert_eq!(reader.await.unwrap(), ROUNDS * 4);
        }
    }
}
