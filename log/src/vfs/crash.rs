//! What a crash may leave on a [`super::FaultVfs`]: the durable part, and any part of what was not yet synced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SECTOR_BYTES;

/// The files of a disk. Copies share the bytes until one is written to, so that an image costs what differs in it.
pub type DiskImage = BTreeMap<PathBuf, Arc<Vec<u8>>>;

/// One change of the disk.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are the arguments of the calls of the same names")]
pub enum Event {
    /// A new, empty file under a new name.
    Create { path: PathBuf, file: u64 },
    /// Bytes written.
    Write { file: u64, position: u64, bytes: Arc<[u8]> },
    /// Cut, or extended with zeros.
    SetLen { file: u64, len: u64 },
    /// Everything of the file so far is durable.
    Sync { file: u64 },
    /// The sync failed and the system forgot what it should have kept.
    FailedSync { file: u64 },
    /// A file under another name.
    Rename { from: PathBuf, to: PathBuf, file: u64 },
    /// A name removed.
    Remove { path: PathBuf },
    /// Every change of names in the folder so far is durable.
    SyncDir { dir: PathBuf },
}

impl Event {
    fn file(&self) -> Option<u64> {
        match self {
            Self::Write { file, .. } | Self::SetLen { file, .. } => Some(*file),
            _ => None,
        }
    }

    /// How many sectors a write touches; none for any other change.
    fn sectors(&self) -> usize {
        let Self::Write { position, bytes, .. } = self else { return 0 };
        let first = *position as usize / SECTOR_BYTES;
        (*position as usize + bytes.len()).div_ceil(SECTOR_BYTES) - first
    }

    fn in_dir(&self, dir: &Path) -> bool {
        match self {
            Self::Create { path, .. } | Self::Remove { path } | Self::Rename { to: path, .. } => {
                path.parent() == Some(dir)
            }
            _ => false,
        }
    }
}

/// Which of the changes that were not synced survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// None of them.
    None,
    /// All of them.
    All,
    /// All but the one at this index.
    Without(usize),
    /// Those whose bit in a number made from this seed is set.
    Random(u64),
    /// All, but of the last write only the sectors before this one.
    TornAfter(usize),
    /// All, but of the last write only the sectors from this one on.
    TornBefore(usize),
    /// Of every write the sectors, and of the other changes those, whose bit in a number made from this seed is set. A
    /// disk that writes sectors in any order shows such a state.
    Sectors(u64),
}

/// Walks through a journal and says what a crash at each moment could leave.
#[derive(Debug, Clone, Default)]
pub struct CrashStates {
    names: BTreeMap<PathBuf, u64>,
    files: BTreeMap<u64, Arc<Vec<u8>>>,
    unsynced: Vec<Event>,
}

impl CrashStates {
    /// Starts from a disk made by [`super::FaultVfs::from_image`] of the same image.
    pub fn from_image(image: &DiskImage) -> Self {
        let names = image.keys().cloned().zip(0..).collect();
        let files = (0..).zip(image.values().cloned()).collect();
        Self { names, files, unsynced: Vec::new() }
    }

    /// Goes on after a kill of the process: the next one sees everything on a disk made by
    /// [`super::FaultVfs::from_image`] of [`Survival::All`], and what was not synced is still not.
    pub fn after_kill(&self) -> Self {
        let (mut names, mut files) = (self.names.clone(), self.files.clone());
        self.unsynced.iter().for_each(|event| apply(&mut names, &mut files, event));
        let numbers: BTreeMap<u64, u64> = names.values().copied().zip(0..).collect();
        // A file without a name stays out of the way of those that the next process makes.
        let number = |file: &u64| numbers.get(file).copied().unwrap_or(u64::MAX - file);
        let unsynced = self.unsynced.iter().cloned().map(|mut event| {
            match &mut event {
                Event::Create { file, .. }
                | Event::Write { file, .. }
                | Event::SetLen { file, .. }
                | Event::Sync { file }
                | Event::FailedSync { file }
                | Event::Rename { file, .. } => *file = number(file),
                Event::Remove { .. } | Event::SyncDir { .. } => {}
            }
            event
        });
        Self {
            names: self.names.iter().map(|(path, file)| (path.clone(), number(file))).collect(),
            files: self.files.iter().map(|(file, bytes)| (number(file), Arc::clone(bytes))).collect(),
            unsynced: unsynced.collect(),
        }
    }

    /// Whether everything is synced.
    pub fn is_settled(&self) -> bool {
        self.unsynced.is_empty()
    }

    /// Goes on by one change.
    pub fn advance(&mut self, event: &Event) {
        let durable: Vec<Event> = match event {
            Event::Sync { file } => self.unsynced.extract_if(.., |e| e.file() == Some(*file)).collect(),
            Event::SyncDir { dir } => self.unsynced.extract_if(.., |e| e.in_dir(dir)).collect(),
            Event::FailedSync { file } => {
                self.unsynced.retain(|e| e.file() != Some(*file));
                return;
            }
            other => {
                self.unsynced.push(other.clone());
                return;
            }
        };
        for event in durable {
            apply(&mut self.names, &mut self.files, &event);
        }
    }

    /// The ways to crash now: with nothing, all, each one lost, `random` random subsets of what is not synced, as many
    /// of its sectors, and the last write torn at each sector (at most `torn_max` places from either end).
    pub fn survivals(&self, random: u64, torn_max: usize) -> Vec<Survival> {
        if self.unsynced.is_empty() {
            return vec![Survival::All];
        }
        let mut ways = vec![Survival::None, Survival::All];
        if self.unsynced.len() > 1 {
            ways.extend((0..self.unsynced.len()).map(Survival::Without));
            ways.extend((0..random).map(Survival::Random));
        }
        if self.unsynced.iter().any(|event| event.sectors() > 1) {
            ways.extend((0..random).map(Survival::Sectors));
        }
        let last = self.unsynced.last().map_or(0, Event::sectors);
        let cuts = (1..last).filter(|cut| *cut <= torn_max || last - cut <= torn_max);
        ways.extend(cuts.clone().map(Survival::TornAfter));
        ways.extend(cuts.map(Survival::TornBefore));
        ways
    }

    /// The disk after a crash now.
    pub fn image(&self, survival: Survival) -> DiskImage {
        let mut names = self.names.clone();
        let mut files = self.files.clone();
        let last = self.unsynced.len().saturating_sub(1);
        for (index, event) in self.unsynced.iter().enumerate() {
            let index = index as u64;
            match survival {
                Survival::None => {}
                Survival::Without(lost) if lost as u64 == index => {}
                Survival::Random(seed) if !is_set(seed, index, 0) => {}
                Survival::TornAfter(cut) if index == last as u64 => {
                    tear(&mut names, &mut files, event, &|sector| sector < cut);
                }
                Survival::TornBefore(cut) if index == last as u64 => {
                    tear(&mut names, &mut files, event, &|sector| sector >= cut);
                }
                Survival::Sectors(seed) => {
                    tear(&mut names, &mut files, event, &|sector| is_set(seed, index, sector as u64));
                }
                _ => apply(&mut names, &mut files, event),
            }
        }
        // A name whose file never became durable shows an empty file.
        names.into_iter().map(|(path, id)| (path, files.get(&id).cloned().unwrap_or_default())).collect()
    }
}

/// The parts of a change that `keep` names: of a write the sectors, counted from its first; any other is one part.
fn tear(
    names: &mut BTreeMap<PathBuf, u64>,
    files: &mut BTreeMap<u64, Arc<Vec<u8>>>,
    event: &Event,
    keep: &dyn Fn(usize) -> bool,
) {
    let Event::Write { file, position, bytes } = event else {
        if keep(0) {
            apply(names, files, event);
        }
        return;
    };
    let mut start = 0;
    for sector in 0..event.sectors() {
        let boundary = (*position as usize / SECTOR_BYTES + sector + 1) * SECTOR_BYTES - *position as usize;
        let end = boundary.min(bytes.len());
        if keep(sector) {
            write(files, *file, *position as usize + start, &bytes[start..end]);
        }
        start = end;
    }
}

fn apply(names: &mut BTreeMap<PathBuf, u64>, files: &mut BTreeMap<u64, Arc<Vec<u8>>>, event: &Event) {
    match event {
        Event::Create { path, file } => {
            names.insert(path.clone(), *file);
        }
        Event::Write { file, position, bytes } => write(files, *file, *position as usize, bytes),
        Event::SetLen { file, len } => Arc::make_mut(files.entry(*file).or_default()).resize(*len as usize, 0),
        Event::Rename { from, to, file } => {
            names.remove(from);
            names.insert(to.clone(), *file);
        }
        Event::Remove { path } => {
            names.remove(path);
        }
        Event::Sync { .. } | Event::FailedSync { .. } | Event::SyncDir { .. } => {}
    }
}

fn write(files: &mut BTreeMap<u64, Arc<Vec<u8>>>, file: u64, position: usize, bytes: &[u8]) {
    let content = Arc::make_mut(files.entry(file).or_default());
    let end = position + bytes.len();
    content.resize(content.len().max(end), 0);
    content[position..end].copy_from_slice(bytes);
}

/// Whether the part of the change at `index` is in the subset that `seed` names.
fn is_set(seed: u64, index: u64, part: u64) -> bool {
    scramble(seed, index ^ part.rotate_left(48)) & 1 == 1
}

/// SplitMix64, so that a seed names the same subset for ever.
fn scramble(seed: u64, index: u64) -> u64 {
    let mut z = (seed ^ index.rotate_left(32)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
