//! Random histories, with restarts, against the model.
#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::sync::Arc;

use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::vfs::FaultVfs;
use log::{Lane, Log, MemoryLog};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Call, PARTITIONS, run, state, tiny};
use types::{Offset, PartitionId, Timestamp};

#[derive(Debug, Clone)]
enum Step {
    Make(Call),
    Reopen,
    /// Without waiting for the end of what runs.
    Drop,
    Read(u64, u64, usize, usize),
    Seek(u64, u64),
}

fn step() -> impl Strategy<Value = Step> {
    let partition = 0..PARTITIONS;
    let lengths = vec(prop_oneof![Just(0_usize), 1..60_usize, 300..5_000_usize], 0..5);
    let append = vec((partition.clone(), lengths), 0..4).prop_map(Call::Append);
    prop_oneof![
        12 => append.prop_map(Step::Make),
        1 => (1..3_u64).prop_map(|partition| Step::Make(Call::Close(partition))),
        3 => (partition.clone(), 0..40_u64).prop_map(|(partition, before)| Step::Make(Call::Trim(partition, before))),
        1 => (3..5_u64).prop_map(|partition| Step::Make(Call::Drop(partition))),
        6 => (partition.clone(), 0..3_usize).prop_map(|(id, lane)| Step::Make(Call::Classify(id, Lane::ALL[lane]))),
        2 => Just(Step::Reopen),
        1 => Just(Step::Drop),
        4 => (partition.clone(), 0..50_u64, 0..9_usize, 0..6_000_usize).prop_map(|(p, o, r, b)| Step::Read(p, o, r, b)),
        3 => (partition, 990..1_040_u64).prop_map(|(partition, time)| Step::Seek(partition, time)),
    ]
}

async fn compare(steps: Vec<Step>, segment_bytes: u64, cache_bytes: usize, tail_bytes: usize) {
    let vfs = FaultVfs::default();
    let config = EmbeddedConfig { segment_bytes, cache_bytes, tail_bytes, ..tiny(&vfs) };
    let model = MemoryLog::default();
    let mut log: Arc<EmbeddedLog> = EmbeddedLog::open(config.clone()).unwrap();
    for (number, step) in steps.into_iter().enumerate() {
        match step {
            Step::Make(call) => assert_eq!(call.make(&*log, number).await, call.make(&model, number).await, "{call:?}"),
            Step::Reopen => {
                log.shutdown().await.unwrap();
                drop(log);
                log = EmbeddedLog::open(config.clone()).unwrap();
            }
            Step::Drop => {
                drop(log);
                log = EmbeddedLog::open(config.clone()).unwrap();
            }
            Step::Read(partition, from, records, bytes) => {
                let (partition, from) = (PartitionId(partition), Offset(from));
                let read = log.read(partition, from, records, bytes).await;
                assert_eq!(read, model.read(partition, from, records, bytes).await);
            }
            Step::Seek(partition, time) => {
                let (partition, time) = (PartitionId(partition), Timestamp(time));
                assert_eq!(log.offset_at_time(partition, time).await, model.offset_at_time(partition, time).await);
            }
        }
    }
    assert_eq!(state(&*log).await.unwrap(), state(&model).await.unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_embedded_log_is_the_model(
        steps in vec(step(), 1..80),
        segment_bytes in 1..40_000_u64,
        cache_bytes in prop_oneof![Just(0_usize), Just(100_000)],
        tail_bytes in prop_oneof![Just(0_usize), 1_000..30_000_usize, Just(64 << 20)],
    ) {
        run(compare(steps, segment_bytes, cache_bytes, tail_bytes));
    }
}
