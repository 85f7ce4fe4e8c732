//! A workload, the model's state after each of its calls, and the comparison of a log with them.
//!
//! The calls of one caller are committed in order, so after any crash the log must equal the model after some prefix
//! of the calls, and the prefix must hold every call that was acknowledged. That one comparison finds lost,
//! reordered, phantom and half-applied calls.
#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod crashes;
pub(crate) mod domains;
pub(crate) mod life;
pub(crate) mod rot;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;
use log::embedded::{EmbeddedConfig, EmbeddedLog, Threads};
use log::vfs::{CrashStates, DiskImage, Event, FaultVfs};
use log::{Bounds, Lane, Log, LogError, MemoryLog, NewRecord, PartitionAppend, Pending, StoredRecord};
use types::{Offset, PartitionId, Random, Timestamp};

/// Partitions 0 to this one, exclusive, are used by workloads.
pub(crate) const PARTITIONS: u64 = 6;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// Partitions and lengths of the records for each.
    Append(Vec<(u64, Vec<usize>)>),
    Close(u64),
    Trim(u64, u64),
    Drop(u64),
    /// A hint, which changes nothing that can be seen.
    Classify(u64, Lane),
}

/// What a log shows of every partition.
pub(crate) type State = BTreeMap<u64, View>;

/// What a log shows of one partition.
pub(crate) type View = (Bounds, Vec<StoredRecord>);

impl Call {
    /// Makes the call; the payload is a function of `number` and the place, so every record is told apart.
    pub(crate) fn make(&self, log: &dyn Log, number: usize) -> Pending<()> {
        let now = Timestamp(1_000 + number as u64 / 3);
        match self {
            Self::Append(parts) => {
                let batch = parts.iter().enumerate().map(|(part, (partition, lengths))| PartitionAppend {
                    partition: PartitionId(*partition),
                    records: lengths.iter().enumerate().map(|(i, length)| payload(number, part, i, *length)).collect(),
                });
                // The two differ on a full disk only.
                let appended = match number % 4 {
                    0 => log.append_vital(batch.collect(), now),
                    _ => log.append(batch.collect(), now),
                };
                Box::pin(async move { appended.await.map(|_| ()) })
            }
            Self::Close(partition) => {
                let closed = log.close(PartitionId(*partition), now);
                Box::pin(async move { closed.await.map(|_| ()) })
            }
            Self::Trim(partition, before) => log.trim(PartitionId(*partition), Offset(*before)),
            Self::Drop(partition) => log.drop_partition(PartitionId(*partition)),
            Self::Classify(partition, lane) => {
                log.classify(PartitionId(*partition), *lane);
                Box::pin(std::future::ready(Ok(())))
            }
        }
    }
}

fn payload(number: usize, part: usize, index: usize, length: usize) -> NewRecord {
    let seed = format!("{number}.{part}.{index};");
    let value: Vec<u8> = seed.bytes().cycle().take(length).collect();
    NewRecord { key: Bytes::from(format!("k{number}")), value: Bytes::from(value) }
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % below
    }
}

/// `count` calls: mostly appends, of several partitions and lengths, then trims, closes and drops.
pub(crate) fn workload(seed: u64, count: usize) -> Vec<Call> {
    let mut dice = Dice::new(seed);
    let call = |dice: &mut Dice| match dice.roll(20) {
        0 => Call::Close(1 + dice.roll(2)),
        1..=4 => Call::Trim(dice.roll(PARTITIONS), dice.roll(60)),
        5 if dice.roll(4) == 0 => Call::Drop(3),
        _ => {
            let parts = 1 + dice.roll(3);
            let part = |dice: &mut Dice| {
                let lengths = (0..dice.roll(4)).map(|_| [0, 10, 90, 1_900][dice.roll(4) as usize]).collect();
                (dice.roll(PARTITIONS), lengths)
            };
            Call::Append((0..parts).map(|_| part(dice)).collect())
        }
    };
    (0..count).map(|_| call(&mut dice)).collect()
}

/// The model's state before the first call and after each.
pub(crate) async fn model_states(calls: &[Call]) -> Vec<State> {
    let model = MemoryLog::default();
    let mut states = vec![state(&model).await.unwrap()];
    for (number, call) in calls.iter().enumerate() {
        let _refused = call.make(&model, number).await;
        states.push(state(&model).await.unwrap());
    }
    states
}

/// Everything that `log` shows.
pub(crate) async fn state(log: &dyn Log) -> Result<State, LogError> {
    let mut state = State::new();
    for id in 0..PARTITIONS {
        if let Some(seen) = view(log, id).await? {
            state.insert(id, seen);
        }
    }
    Ok(state)
}

/// What `log` shows of one partition; `None` when it does not know it.
pub(crate) async fn view(log: &dyn Log, id: u64) -> Result<Option<View>, LogError> {
    let Some(bounds) = log.bounds(PartitionId(id)) else { return Ok(None) };
    let mut records: Vec<StoredRecord> = Vec::new();
    let mut next = bounds.start;
    while next < bounds.end {
        let page = log.read(PartitionId(id), next, (bounds.end.0 - next.0).min(50) as usize, 1 << 20).await?;
        next = Offset(next.0 + page.records.len() as u64);
        assert!(!page.records.is_empty(), "a read inside the bounds answers something");
        records.extend(page.records);
    }
    Ok(Some((bounds, records)))
}

/// The first prefix of the calls, at least `at_least` long, whose state is `found`.
pub(crate) fn prefix_of(states: &[State], at_least: usize, found: &State) -> Option<usize> {
    (at_least..states.len()).find(|prefix| states[*prefix] == *found)
}

/// The configuration of a log in the smallest segments on `vfs`.
pub(crate) fn tiny(vfs: &FaultVfs) -> EmbeddedConfig {
    sized(vfs, 1)
}

/// The configuration of a log in segments of so many bytes on `vfs`.
pub(crate) fn sized(vfs: &FaultVfs, segment_bytes: u64) -> EmbeddedConfig {
    // What is there already says where the salts go on, so that no life of a log repeats those of an earlier one.
    let heads = vfs.live().into_values().map(|bytes| u64::from(crc32c::crc32c(&bytes[..bytes.len().min(64)])));
    let random = Arc::new(Salts(AtomicU64::new(heads.fold(1, |sum, head| sum.wrapping_mul(31).wrapping_add(head)))));
    EmbeddedConfig { vfs: Arc::new(vfs.clone()), segment_bytes, random, ..EmbeddedConfig::at("/log") }
}

/// The same for a log that does nothing but what a test tells it to, so that a seed leads to the same disk in every run.
pub(crate) fn stepped(config: EmbeddedConfig) -> EmbeddedConfig {
    EmbeddedConfig { threads: Threads::Stepped(Arc::new(|| ())), ..config }
}

/// Salts that are all different and the same in every run.
struct Salts(AtomicU64);

impl Random for Salts {
    fn fill(&self, bytes: &mut [u8]) {
        let mut dice = Dice::new(0x5a17 + self.0.fetch_add(1, Ordering::Relaxed));
        bytes.fill_with(|| dice.roll(256) as u8);
    }
}

/// Lets the maintenance thread do its work on a machine that is busy with other things.
pub(crate) fn breathe() {
    std::thread::sleep(std::time::Duration::from_millis(5));
}

/// Makes `calls` on a new log in the smallest segments and ends it; answers after which change how many were acknowledged.
pub(crate) fn live(vfs: &FaultVfs, calls: &[Call]) -> Vec<(usize, usize)> {
    let log = EmbeddedLog::open(tiny(vfs)).unwrap();
    let mut acknowledged = Vec::new();
    for (number, call) in calls.iter().enumerate() {
        run(call.make(&*log, number)).unwrap();
        acknowledged.push((vfs.moment(), number + 1));
        breathe();
    }
    run(log.shutdown()).unwrap();
    acknowledged
}

/// Crashes after every change of `journal`, in `random` random ways and torn at `torn` places besides the others; tells
/// `check` what happened, how many of the calls had been acknowledged (`acknowledged`: after which change, how many), and the
/// disk. Answers how often.
pub(crate) fn crash_everywhere(
    journal: &[Event],
    acknowledged: &[(usize, usize)],
    (random, torn): (u64, usize),
    mut check: impl FnMut(&str, usize, &DiskImage),
) -> usize {
    let mut disk = CrashStates::default();
    let mut crashes = 0;
    for (moment, event) in journal.iter().enumerate() {
        disk.advance(event);
        let promises = acknowledged.iter().take_while(|(at, _)| *at <= moment + 1);
        let promise = promises.last().map_or(0, |(_, calls)| *calls);
        for survival in disk.survivals(random, torn) {
            crashes += 1;
            check(&format!("crash after change {moment}, {survival:?}"), promise, &disk.image(survival));
        }
    }
    crashes
}

/// Opens a log on a disk that holds `image`.
pub(crate) fn open(image: &DiskImage) -> (FaultVfs, Result<Arc<EmbeddedLog>, LogError>) {
    let vfs = FaultVfs::from_image(image);
    let log = EmbeddedLog::open(tiny(&vfs));
    (vfs, log)
}

/// Runs a test on a runtime that the tests of one thread share: an own one for each of thousands would cost more than the
/// tests.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(test))
}

/// Does `work` for every item on all cores and adds up what it answers.
pub(crate) fn spread<I: Sync, T: Default + Send>(
    items: &[I],
    work: impl Fn(&I, &mut T) + Sync,
    add: impl Fn(&mut T, T),
) -> T {
    let next = AtomicUsize::new(0);
    let one = || {
        let mut found = T::default();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item, &mut found);
        }
        found
    };
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    let mut total = T::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers.into_iter().for_each(|worker| add(&mut total, worker.join().expect("a test fails by panicking")));
    });
    total
}

/// Writes a line that also the output of passing tests shows; what the macros print is kept back.
pub(crate) fn say(line: &str) {
    let _closed = writeln!(std::io::stderr(), "{line}");
}
