//! One life of a log: calls made from a seed on a disk that keeps a journal, and what the log promised at which moment
//! of it: by acknowledging a call, or by showing a record to a reader.

use std::sync::Arc;

use log::embedded::{EmbeddedConfig, EmbeddedLog, Step};
use log::vfs::FaultVfs;
use log::{Lane, Log, LogError, MemoryLog};

use super::{Call, Dice, PARTITIONS, State, View, sized, state, stepped, view};

/// What a workload is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Appends over several partitions, with closes, trims and drops among them.
    Mixed,
    /// Small calls, many of them in one frame.
    Small,
    /// Appends around and above the length of a segment.
    Big,
    /// Everything is trimmed soon, so segments die all the time.
    Retention,
    /// A disk that fills up and is freed again.
    Full,
    /// Pauses, in which markers are written.
    Idle,
    /// Stops and starts.
    Restart,
    /// Partitions in several lanes that change them now and then; pauses, restarts, and a disk that fills up.
    Lanes,
}

impl Shape {
    pub(crate) const ALL: [Self; 9] = [
        Self::Mixed,
        Self::Lanes,
        Self::Small,
        Self::Big,
        Self::Retention,
        Self::Lanes,
        Self::Full,
        Self::Idle,
        Self::Restart,
    ];

    pub(crate) fn call(self, dice: &mut Dice) -> Call {
        let lengths: &[usize] = match self {
            Self::Small => &[0, 10, 40],
            Self::Big => &[100, 3_000, 9_000, 14_000],
            Self::Lanes => &[10, 90, 400],
            Self::Retention | Self::Full => &[500, 1_500, 2_500],
            _ => &[0, 10, 90, 700, 1_900],
        };
        match (self, dice.roll(24)) {
            (Self::Lanes, 5..=12) => Call::Classify(dice.roll(PARTITIONS), Lane::ALL[dice.roll(3) as usize]),
            (_, 0) => Call::Close(1 + dice.roll(2)),
            (_, 1) if dice.roll(3) == 0 => Call::Drop(3),
            (Self::Retention, 2..=9) | (_, 2..=4) => Call::Trim(dice.roll(PARTITIONS), dice.roll(60)),
            _ => {
                let parts = 1 + dice.roll(3);
                let part = |dice: &mut Dice| {
                    let count = dice.roll(if self == Self::Big { 3 } else { 4 });
                    let length = |dice: &mut Dice| lengths[dice.roll(lengths.len() as u64) as usize];
                    (dice.roll(PARTITIONS), (0..count).map(|_| length(dice)).collect())
                };
                Call::Append((0..parts).map(|_| part(dice)).collect())
            }
        }
    }
}

/// A promise of the log: from this moment of the journal on, the calls up to this one must never be lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Promise {
    pub(crate) moment: usize,
    pub(crate) calls: usize,
    /// Made by showing a record, not by an acknowledgement.
    pub(crate) by_reading: bool,
}

/// See the module text.
pub(crate) struct Life {
    pub(crate) segment_bytes: u64,
    pub(crate) vfs: FaultVfs,
    /// The model before the first call and after each.
    pub(crate) states: Vec<State>,
    /// By moment.
    pub(crate) promises: Vec<Promise>,
}

/// What a reader saw when so many calls were made.
struct Sight {
    moment: usize,
    partition: u64,
    view: View,
}

/// Makes calls against a log, takes its steps in an order that comes from a seed, and notes what it promises.
pub(crate) struct Living {
    dice: Dice,
    vfs: FaultVfs,
    config: EmbeddedConfig,
    /// `None` in the middle of a restart only.
    log: Option<Arc<EmbeddedLog>>,
    /// The calls that were not refused, with the numbers that their payloads are made from.
    accepted: Vec<(usize, Call)>,
    promises: Vec<Promise>,
    sights: Vec<Sight>,
    next_number: usize,
}

impl Living {
    pub(crate) fn begin(vfs: FaultVfs, segment_bytes: u64, first_number: usize, seed: u64) -> Result<Self, LogError> {
        let config = stepped(sized(&vfs, segment_bytes));
        let dice = Dice::new(seed);
        let log = Some(EmbeddedLog::open(config.clone())?);
        let next_number = first_number;
        Ok(Self { dice, vfs, config, log, accepted: vec![], promises: vec![], sights: vec![], next_number })
    }

    pub(crate) fn log(&self) -> &EmbeddedLog {
        self.log.as_deref().expect("it is open but for restarts")
    }

    /// Makes the calls at once, one frame for some of them or for all, looks at a partition in between, and takes the
    /// answers.
    pub(crate) async fn make(&mut self, calls: Vec<Call>) {
        let mut pending = Vec::new();
        for call in calls {
            pending.push((self.next_number, call.make(self.log(), self.next_number), call));
            self.next_number += 1;
            if self.dice.roll(3) == 0 {
                self.step().await;
            }
        }
        while self.log().step(Step::Commit) {}
        for (number, pending, call) in pending {
            if matches!(pending.await, Err(LogError::NoSpace | LogError::Overloaded)) {
                continue;
            }
            self.accepted.push((number, call));
            let (moment, calls) = (self.vfs.moment(), self.accepted.len());
            self.promises.push(Promise { moment, calls, by_reading: false });
        }
        self.step().await;
    }

    /// A step or two, and a look.
    async fn step(&mut self) {
        for _ in 0..self.dice.roll(3) {
            let step = [Step::Commit, Step::Maintain, Step::Maintain][self.dice.roll(3) as usize];
            self.log().step(step);
        }
        let partition = self.dice.roll(PARTITIONS);
        self.look(partition).await;
    }

    async fn look(&mut self, partition: u64) {
        if let Some(view) = view(self.log(), partition).await.unwrap() {
            self.sights.push(Sight { moment: self.vfs.moment(), partition, view });
        }
    }

    /// Stops the log, or kills it, and opens it again.
    fn restart(&mut self) -> Result<(), LogError> {
        if self.dice.roll(2) == 0 {
            self.stop();
        }
        // One that takes its steps from outside does nothing more when it is dropped, and lets the folder go.
        self.log = None;
        self.log = Some(EmbeddedLog::open(self.config.clone())?);
        Ok(())
    }

    fn stop(&self) {
        let _ends_by_steps = self.log().shutdown();
        while self.log().step(Step::Commit) || self.log().step(Step::Maintain) {}
    }

    /// Ends the log and turns what was seen into promises. `before` are the calls of earlier lives.
    ///
    /// # Panics
    /// When a reader was shown what no prefix of the calls explains.
    pub(crate) async fn end(mut self, before: &[(usize, Call)]) -> Life {
        self.stop();
        let states = model(before, &self.accepted).await;
        for Sight { moment, partition, view } in self.sights {
            let calls = states.iter().position(|state| state.get(&partition) == Some(&view));
            let calls = calls.unwrap_or_else(|| panic!("a reader of partition {partition} was shown {view:?}"));
            self.promises.push(Promise { moment, calls, by_reading: true });
        }
        self.promises.sort_by_key(|promise| promise.moment);
        Life { segment_bytes: self.config.segment_bytes, vfs: self.vfs, states, promises: self.promises }
    }

    /// The calls that were not refused so far.
    pub(crate) fn accepted(&self) -> &[(usize, Call)] {
        &self.accepted
    }
}

/// The states of the model after `before` and after each of `calls` behind it.
pub(crate) async fn model(before: &[(usize, Call)], calls: &[(usize, Call)]) -> Vec<State> {
    let model = MemoryLog::default();
    for (number, call) in before {
        let _refused = call.make(&model, *number).await;
    }
    let mut states = vec![state(&model).await.unwrap()];
    for (number, call) in calls {
        let _refused = call.make(&model, *number).await;
        states.push(state(&model).await.unwrap());
    }
    states
}

/// The length of segments by seed: the smallest there can be, and such that recycled ones have old frames in them.
pub(crate) fn segment_bytes(seed: u64) -> u64 {
    [8 << 10, 14 << 10, 20 << 10][(seed / 2 % 3) as usize]
}

/// Lives through `count` calls of `shape`, and answers them too.
pub(crate) async fn live(shape: Shape, seed: u64, count: usize) -> (Life, Vec<(usize, Call)>) {
    let mut dice = Dice::new(seed);
    let vfs = FaultVfs::default();
    let mut living = Living::begin(vfs.clone(), segment_bytes(seed), 0, seed).unwrap();
    while living.next_number < count {
        let at_once = if shape == Shape::Small { 1 + dice.roll(8) } else { 1 + dice.roll(3) };
        let calls = (0..at_once).map(|_| shape.call(&mut dice)).collect();
        living.make(calls).await;
        match (shape, dice.roll(12)) {
            (Shape::Idle, 0..=3) => drop(living.log().step(Step::Idle)),
            (Shape::Lanes, 0) => drop(living.log().step(Step::Idle)),
            (Shape::Restart | Shape::Lanes, 1) => living.restart().unwrap(),
            (Shape::Full, 0..=2) | (Shape::Lanes, 2) => {
                let held: usize = vfs.live().values().map(|bytes| bytes.len()).sum();
                vfs.set_capacity(Some(held as u64 + dice.roll(9_000)));
            }
            (Shape::Full | Shape::Lanes, 3 | 4) => vfs.set_capacity(None),
            _ => {}
        }
    }
    let calls = living.accepted().to_vec();
    (living.end(&[]).await, calls)
}
