//! What everybody in a simulation shares: time, chance, the disk, the process that runs, and what happened.

use std::fmt::Arguments;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use types::{AccountId, Region, Scope, StreamName};

use crate::clock::VirtualClock;
use crate::counts::Counts;
use crate::dice::Dice;
use crate::disk::Disk;
use crate::history::History;
use crate::plan::Plan;
use crate::process::{Life, Process};
use crate::trace::Trace;

/// Milliseconds that the flush of a slow disk takes at most.
const SLOW_MS: u64 = 1500;

/// What a simulation is doing; each phase ends before the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Faults happen.
    Faults,
    /// No more faults; clients go on.
    Healed,
    /// Clients stop when they have seen all.
    Drain,
    /// Everybody goes home.
    Over,
}

/// See the module text.
pub(crate) struct World {
    pub(crate) clock: VirtualClock,
    pub(crate) plan: Plan,
    pub(crate) scope: Scope,
    pub(crate) names: Vec<StreamName>,
    pub(crate) phase: watch::Sender<Phase>,
    /// The process, if one runs.
    pub(crate) process: watch::Sender<Option<Arc<Process>>>,
    pub(crate) life: Mutex<Life>,
    /// Clients that have not ended.
    pub(crate) at_work: watch::Sender<usize>,
    dice: Mutex<Dice>,
    disk: Mutex<Disk>,
    history: Mutex<History>,
    trace: Mutex<Trace>,
    counts: Mutex<Counts>,
    /// The step in whose midst the power goes off, counted down; zero is none.
    cut_in: AtomicU64,
    /// Whether flushes are slow.
    slow: AtomicBool,
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let mut dice = Dice::new(seed);
        let plan = Plan::of(&mut dice);
        let parsed = "names of the simulation are valid";
        let name = |name| StreamName::parse(name).expect(parsed);
        Arc::new(Self {
            clock: VirtualClock::default(),
            plan,
            scope: Scope {
                account: AccountId::parse("000000000000").expect(parsed),
                region: Region::parse("us-east-1").expect(parsed),
            },
            names: vec![name("one"), name("two")],
            phase: watch::Sender::new(Phase::Faults),
            process: watch::Sender::new(None),
            life: Mutex::new(Life::new(0)),
            at_work: watch::Sender::new(0),
            dice: Mutex::new(dice),
            disk: Mutex::default(),
            history: Mutex::default(),
            trace: Mutex::default(),
            counts: Mutex::default(),
            cut_in: AtomicU64::new(0),
            slow: AtomicBool::new(false),
        })
    }

    pub(crate) fn dice(&self) -> MutexGuard<'_, Dice> {
        lock(&self.dice)
    }

    pub(crate) fn disk(&self) -> MutexGuard<'_, Disk> {
        lock(&self.disk)
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }

    pub(crate) fn trace(&self) -> MutexGuard<'_, Trace> {
        lock(&self.trace)
    }

    pub(crate) fn note(&self, what: Arguments<'_>) {
        self.trace().note(self.clock.micros(), what);
    }

    pub(crate) fn counts(&self) -> Counts {
        lock(&self.counts).clone()
    }

    pub(crate) fn count(&self, what: &'static str, count: u64) {
        lock(&self.counts).add(what, count);
    }

    /// Something is wrong with the service.
    pub(crate) fn violation(&self, what: String) {
        self.note(format_args!("VIOLATION {what}"));
        self.history().violations.push(what);
    }

    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// The wall clock goes elsewhere.
    pub(crate) fn jump(&self, ms: i64) {
        let before = self.clock.now();
        self.clock.jump(ms);
        self.history().clock_jumped(self.clock.micros(), before, self.clock.now());
        self.note(format_args!("the clock jumps by {ms} ms"));
    }

    /// As long as a flush takes now.
    pub(crate) async fn flush_time(&self) {
        let is_slow = self.slow.load(Ordering::Relaxed);
        let micros = match is_slow {
            true => self.dice().between(100_000, SLOW_MS * 1000),
            false => self.dice().between(20, 3_000),
        };
        self.clock.sleep_us(micros).await;
    }

    pub(crate) fn set_slow(&self, slow: bool) {
        self.slow.store(slow, Ordering::Relaxed);
    }

    /// Lets the power go off in the midst of a step of the log, so many from now.
    pub(crate) fn cut_in_step(&self, steps: u64) {
        self.cut_in.store(steps, Ordering::Relaxed);
    }

    pub(crate) fn is_cut_due(&self) -> bool {
        let left = self.cut_in.load(Ordering::Relaxed);
        self.cut_in.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 1
    }

    /// The process dies; with a moment, the power goes off then.
    pub(crate) fn die(&self, life: &Life, moment: Option<usize>) {
        if life.is_over() {
            return;
        }
        life.alive.store(false, Ordering::Relaxed);
        life.dead.send_replace(true);
        self.process.send_replace(None);
        self.count("crashes", 1);
        match moment {
            None => self.note(format_args!("process {} is killed", life.number)),
            Some(moment) => {
                let mut disk = self.disk();
                let way = disk.power_cut(moment, &mut self.dice());
                drop(disk);
                self.note(format_args!("process {} loses its power: {way}", life.number));
            }
        }
    }

    pub(crate) fn current_life(&self) -> Life {
        lock(&self.life).clone()
    }
}
