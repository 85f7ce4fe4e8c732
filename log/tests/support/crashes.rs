//! Crashes at every change of a disk, checked against the promises of the log; and crashes of what follows.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use log::vfs::{CrashStates, DiskImage, FaultVfs, Survival};

use super::life::{Life, Living, Promise};
use super::{Call, Dice, PARTITIONS, State, state};

/// How a recovered log can break its promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Violation {
    /// It did not open, or did not read.
    Refused,
    /// Calls that were acknowledged are not there.
    Lost,
    /// Records that a reader was shown are not there.
    ReadThenLost,
    /// Records are there that nobody appended.
    Phantom,
    /// What is there is no prefix of the calls: a call is missing in the middle, in part, or in another order.
    Reordered,
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Tally {
    /// By promise, names and checksums of the files.
    seen: HashSet<(usize, Vec<(PathBuf, u32)>)>,
    /// Different disks after a first crash.
    pub(crate) states: usize,
    /// Different disks after a crash of the recovery, or of what came after it.
    pub(crate) twice: usize,
    pub(crate) violations: BTreeMap<Violation, usize>,
    /// What the first of them was.
    pub(crate) examples: Vec<String>,
}

impl Tally {
    /// Whether this disk with this promise was not looked at yet.
    fn is_new(&mut self, image: &DiskImage, promise: usize) -> bool {
        let names = image.iter().map(|(path, bytes)| (path.clone(), crc32c::crc32c(bytes)));
        self.seen.insert((promise, names.collect()))
    }

    fn violated(&mut self, violation: Violation, what: String) {
        *self.violations.entry(violation).or_default() += 1;
        if self.examples.len() < 5 {
            self.examples.push(format!("{violation:?}: {what}"));
        }
    }

    /// Takes in what another thread found.
    pub(crate) fn add(&mut self, other: Self) {
        self.states += other.states;
        self.twice += other.twice;
        for (violation, count) in other.violations {
            *self.violations.entry(violation).or_default() += count;
        }
        self.examples.extend(other.examples);
    }

    /// How many violations of this kind.
    pub(crate) fn count(&self, violation: Violation) -> usize {
        self.violations.get(&violation).copied().unwrap_or(0)
    }
}

/// A state in a line: bounds, and which call each record is of.
fn brief(found: &State) -> String {
    let partition = |(id, (bounds, records)): (&u64, &super::View)| {
        let keys: Vec<_> = records.iter().map(|record| String::from_utf8_lossy(&record.key).into_owned()).collect();
        let end = if bounds.closed.is_some() { "closed" } else { "open" };
        format!("{id}: {}..{} {end} [{}]", bounds.start.0, bounds.end.0, keys.join(" "))
    };
    found.iter().map(partition).collect::<Vec<_>>().join("; ")
}

/// How much is tried at each moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// Random subsets of the changes that are not synced, and of their sectors.
    pub(crate) subsets: u64,
    /// Tears of the last write, from either end.
    pub(crate) tears_max: usize,
}

/// What a log must show.
struct Expected<'a> {
    segment_bytes: u64,
    states: &'a [State],
    acknowledged: usize,
    shown: usize,
}

impl<'a> Expected<'a> {
    /// What the promises made up to `moment` ask for.
    fn at(life: &'a Life, moment: usize) -> Self {
        let made = &life.promises[..life.promises.partition_point(|promise| promise.moment <= moment)];
        let calls = |by_reading| made.iter().filter(|p| p.by_reading == by_reading).map(|p| p.calls).max();
        Self {
            segment_bytes: life.segment_bytes,
            states: &life.states,
            acknowledged: calls(false).unwrap_or(0),
            shown: calls(true).unwrap_or(0),
        }
    }

    fn promise(&self) -> usize {
        self.acknowledged.max(self.shown)
    }

    /// How many calls make what was found, in every way in which that can be.
    fn prefixes(&self, found: &State) -> impl DoubleEndedIterator<Item = usize> {
        self.states.iter().enumerate().filter(move |(_, state)| *state == found).map(|(index, _)| index)
    }

    /// The prefix of the calls that `found` is, if it holds what was promised.
    fn check(&self, found: &State) -> Result<usize, Violation> {
        let prefixes = || self.prefixes(found);
        if let Some(prefix) = prefixes().find(|prefix| *prefix >= self.promise()) {
            return Ok(prefix);
        }
        match prefixes().next_back() {
            Some(prefix) if prefix < self.acknowledged => Err(Violation::Lost),
            Some(_) => Err(Violation::ReadThenLost),
            None if self.knows(found) => Err(Violation::Reordered),
            None => Err(Violation::Phantom),
        }
    }

    /// Whether every record of `found` was appended by some call.
    fn knows(&self, found: &State) -> bool {
        found.iter().all(|(partition, (_, records))| {
            let appended = |record| {
                self.states.iter().any(|state| state.get(partition).is_some_and(|(_, all)| all.contains(record)))
            };
            records.iter().all(appended)
        })
    }
}

/// Crashes `life` after each change of its disk in every way that `effort` asks for, and recovers. After one crash in
/// `again_every` the recovered log goes on for some calls; its recovery and those calls are crashed everywhere too.
pub(crate) async fn crash(
    life: &Life,
    calls: &[(usize, Call)],
    effort: Effort,
    again_every: usize,
    tally: &mut Tally,
    what: &str,
) {
    let mut disk = CrashStates::default();
    for (moment, event) in life.vfs.journal().iter().enumerate() {
        disk.advance(event);
        let expected = Expected::at(life, moment + 1);
        if moment.is_multiple_of(again_every) && !disk.is_settled() {
            let what = format!("{what}, killed after change {moment}");
            go_on(disk.after_kill(), &disk.image(Survival::All), &expected, calls, tally, &what).await;
        }
        for survival in disk.survivals(effort.subsets, effort.tears_max) {
            let image = disk.image(survival);
            if !tally.is_new(&image, expected.promise()) {
                continue;
            }
            tally.states += 1;
            let what = format!("{what}, crash after change {moment}, {survival:?}");
            if tally.states.is_multiple_of(again_every) {
                go_on(CrashStates::from_image(&image), &image, &expected, calls, tally, &what).await;
            } else if let Err((violation, found)) = recover(&image, &expected).await {
                tally.violated(violation, format!("{what}: {found}"));
            }
        }
    }
}

/// Opens a log on `image` and compares.
async fn recover(image: &DiskImage, expected: &Expected<'_>) -> Result<usize, (Violation, String)> {
    let refused = |error| (Violation::Refused, format!("{error}"));
    let living = Living::begin(FaultVfs::from_image(image), expected.segment_bytes, 0, 0).map_err(refused)?;
    let found = state(living.log()).await.map_err(refused)?;
    expected.check(&found).map_err(|violation| (violation, brief(&found)))
}

/// Recovers on a disk that shows `image`, makes some calls more, and crashes all of that everywhere.
async fn go_on(
    mut disk: CrashStates,
    image: &DiskImage,
    expected: &Expected<'_>,
    calls: &[(usize, Call)],
    tally: &mut Tally,
    what: &str,
) {
    let vfs = FaultVfs::from_image(image);
    let mut living = match Living::begin(vfs.clone(), expected.segment_bytes, 100_000, tally.states as u64) {
        Ok(living) => living,
        Err(error) => return tally.violated(Violation::Refused, format!("{what}: {error}")),
    };
    let opened = vfs.moment();
    let found = match state(living.log()).await {
        Ok(found) => found,
        Err(error) => return tally.violated(Violation::Refused, format!("{what}: {error}")),
    };
    let prefix = match expected.check(&found) {
        Ok(prefix) => prefix,
        Err(violation) => return tally.violated(violation, format!("{what}: {}", brief(&found))),
    };
    // That a partition was dropped before it had a record shows only when somebody appends to it.
    let drops = |prefix: usize| calls[..prefix].iter().any(|(_, call)| matches!(call, Call::Drop(_)));
    let is_certain = expected.prefixes(&found).all(|other| other < expected.promise() || drops(other) == drops(prefix));
    let mut dice = Dice::new(tally.states as u64);
    for _ in 0..2 {
        // Any partition: one that was closed or dropped must still refuse.
        let partition = Some(dice.roll(PARTITIONS)).filter(|partition| is_certain || *partition != 3).unwrap_or(0);
        let one = Call::Append(vec![(partition, vec![dice.roll(900) as usize])]);
        let two = Call::Append(vec![(4 + dice.roll(2), vec![30]), (0, vec![30, dice.roll(2_000) as usize])]);
        living.make(vec![one, two, Call::Trim(4, dice.roll(9))]).await;
    }
    let mut second = living.end(&calls[..prefix]).await;
    second.promises.insert(0, Promise { moment: opened, calls: 0, by_reading: true });

    for (moment, event) in second.vfs.journal().iter().enumerate() {
        disk.advance(event);
        // Before it is open nobody has seen which prefix it shows.
        let expected = if moment + 1 < opened { Expected { ..*expected } } else { Expected::at(&second, moment + 1) };
        for survival in disk.survivals(2, 2) {
            let image = disk.image(survival);
            // Told from the promises of first crashes.
            if !tally.is_new(&image, usize::MAX - expected.promise()) {
                continue;
            }
            tally.twice += 1;
            if let Err((violation, found)) = recover(&image, &expected).await {
                tally.violated(violation, format!("{what}; second crash after change {moment}, {survival:?}: {found}"));
            }
        }
    }
}
