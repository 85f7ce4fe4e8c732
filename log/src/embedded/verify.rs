//! Reads a folder that no server uses, whole and without changing it, and says what is damaged.
//!
//! Owns: going through every file with the code that recovery uses, and asking recovery itself whether it would start.
//! Refuses: to change anything; what a repair would do is tried out in memory (`rescue.rs`, read it next).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::PartitionId;

use super::EmbeddedConfig;
use super::engine::{self, EmbeddedLog};
use super::index::{Entry, Footer};
use super::recovery::recover;
use super::rescue::Plan;
use super::run::Run;
use super::scan::{End, Window, scan};
use super::segment::{self, Segment, failed, parse_name};
use crate::LogError;
use crate::vfs::{OverlayVfs, Vfs, VfsLock};

/// The folder of a log that no server uses, kept from being used for as long as this lives.
pub struct Offline {
    dir: PathBuf,
    /// None when there is no file to lock: no server was here.
    lock: Option<Box<dyn VfsLock>>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The file, or the folder when a file is missing.
    pub file: PathBuf,
    /// The first byte that is wrong, or where what is wrong begins.
    pub position: u64,
    /// What is wrong.
    pub what: String,
}

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Verified {
    /// Segments that hold frames.
    pub segments: u64,
    /// Segments made ahead.
    pub blank: u64,
    /// Sidecars that are as they should be.
    pub indexes: u64,
    /// Partitions, as the newest segment tells; none when that cannot be read.
    pub partitions: u64,
    /// Good records in the files, also those that retention has passed.
    pub records: u64,
    /// Bytes of the runs that hold them.
    pub bytes: u64,
    /// Bytes of all segments.
    pub file_bytes: u64,
    /// Where a write that was never acknowledged was torn; the next start cuts it off.
    pub torn_tail: Option<Finding>,
    /// What was durable once and is damaged.
    pub damage: Vec<Finding>,
    /// What is wrong and costs nothing: a sidecar that will be made again.
    pub harmless: Vec<Finding>,
    /// Why a server would refuse to start, if it would.
    pub refusal: Option<LogError>,
    /// Partitions that a segment holds and its index does not name.
    unlisted: Vec<(PathBuf, PartitionId)>,
}

/// A segment with frames.
struct Checked {
    segment: Segment,
    first_sequence: u64,
    end: End,
    position: u64,
    /// A frame begins behind the good ones and is not whole.
    torn: bool,
}

impl Offline {
    /// Keeps servers out of `dir` and looks no further.
    ///
    /// # Errors
    /// `Io` when there is no such folder, it cannot be read, or a server uses it.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, LogError> {
        let dir = dir.as_ref().to_owned();
        let vfs = OverlayVfs::default();
        vfs.list(&dir).map_err(|error| failed("list", &dir, &error))?;
        let lock = OverlayVfs::hold(&dir.join(engine::LOCK)).map_err(|error| match error.kind() {
            std::io::ErrorKind::WouldBlock => LogError::Io {
                action: "lock",
                path: dir.display().to_string(),
                message: "a server uses this folder; stop it first".into(),
            },
            _ => failed("lock", &dir, &error),
        })?;
        Ok(Self { dir, lock })
    }

    /// How to open the folder so that all changes stay in memory; with `repair`, as a repair would leave it.
    pub fn in_memory(&self, repair: bool) -> EmbeddedConfig {
        self.overlay(repair).0
    }

    pub(crate) fn overlay(&self, repair: bool) -> (EmbeddedConfig, Arc<OverlayVfs>) {
        let vfs = Arc::new(OverlayVfs::default());
        let config = EmbeddedConfig { repair, vfs: Arc::clone(&vfs) as Arc<dyn Vfs>, ..EmbeddedConfig::at(&self.dir) };
        (config.bounded(), vfs)
    }

    /// Reads everything. `progress` hears how many bytes were read, and of how many.
    ///
    /// # Errors
    /// `Io` when the folder cannot be listed or holds files of another version. What cannot be read of a segment is
    /// damage, not an error.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, LogError> {
        let (config, vfs) = self.overlay(false);
        let names = vfs.list(&self.dir).map_err(|error| failed("list", &self.dir, &error))?;
        let ids: Vec<u64> = names
            .iter()
            .filter_map(|name| parse_name(name))
            .filter(|(_, kind)| *kind == "log")
            .map(|(id, _)| id)
            .collect();
        let mut found = Verified { file_bytes: total_bytes(&*vfs, &self.dir, &ids), ..Verified::default() };
        let mut checked = Vec::new();
        let mut done = 0;
        for id in ids {
            progress(done, found.file_bytes);
            done += total_bytes(&*vfs, &self.dir, &[id]);
            let path = segment::segment_path(&self.dir, id);
            match check_segment(&config, id, &mut found) {
                Ok(Some(segment)) => checked.push(segment),
                Ok(None) => found.blank += 1,
                Err(error @ LogError::Corrupt { .. }) => found.add(&error),
                // A bad sector, say: the other segments are still worth a look.
                Err(error) => found.damage.push(Finding { file: path, position: 0, what: error.to_string() }),
            }
        }
        progress(found.file_bytes, found.file_bytes);
        checked.sort_by_key(|checked| (checked.segment.lane, checked.first_sequence));
        for chain in checked.chunk_by(|one, next| one.segment.lane == next.segment.lane) {
            let Some((newest, sealed)) = chain.split_last() else { continue };
            sealed.iter().for_each(|checked| found.judge_sealed(checked));
            found.judge_newest(newest);
        }
        found.segments = checked.len() as u64;
        match recover(&config) {
            Ok(recovered) => {
                let partitions = recovered.start.tails.partitions;
                found.partitions = partitions.len() as u64;
                found.judge_unlisted(|partition| partitions.contains_key(&partition));
            }
            Err(error) => {
                found.add(&error);
                found.refusal = Some(error);
            }
        }
        Ok(found)
    }

    /// What a repair would do, tried out in memory.
    ///
    /// # Errors
    /// Why a repair is not possible.
    pub fn plan(&self) -> Result<Plan, LogError> {
        Plan::make(self)
    }

    /// Repairs the folder as [`Self::plan`] has told, without letting anybody in between.
    ///
    /// # Errors
    /// As [`EmbeddedLog::open`].
    pub fn repair(self) -> Result<(), LogError> {
        let config = EmbeddedConfig { repair: true, ..EmbeddedConfig::at(&self.dir) }.bounded();
        let lock = match self.lock {
            Some(lock) => lock,
            None => engine::lock(&config)?,
        };
        // Dropping it waits until everything is written.
        drop(EmbeddedLog::open_locked(config, lock)?);
        Ok(())
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

fn total_bytes(vfs: &dyn Vfs, dir: &Path, ids: &[u64]) -> u64 {
    let len = |id: &u64| vfs.open(&segment::segment_path(dir, *id)).and_then(|file| file.len());
    ids.iter().filter_map(|id| len(id).ok()).sum()
}

/// Reads one segment and its sidecar; `None` when it holds no frame.
fn check_segment(config: &EmbeddedConfig, id: u64, found: &mut Verified) -> Result<Option<Checked>, LogError> {
    let segment = segment::open(&*config.vfs, &config.dir, id)?;
    let (mut records, mut bytes) = (0, 0);
    let scanned = scan(&segment, &mut |run, place| {
        if let Run::Records { count, .. } = run {
            records += u64::from(count);
            bytes += u64::from(place.length);
        }
        Ok(())
    });
    found.records += records;
    found.bytes += bytes;
    let scanned = scanned?;
    check_sidecar(config, &segment, scanned.end, found);
    let (end, position) = (scanned.end, scanned.position);
    match scanned.first_sequence {
        Some(first_sequence) => {
            let torn = Window::new(&segment).header(position)?.is_some();
            Ok(Some(Checked { segment, first_sequence, end, position, torn }))
        }
        None if matches!(end, End::Damaged { .. } | End::Cut) => Err(super::repair::damage(&segment, &scanned)),
        None => Ok(None),
    }
}

/// Compares the sidecar, if there is one, with what the segment says.
fn check_sidecar(config: &EmbeddedConfig, segment: &Segment, end: End, found: &mut Verified) {
    let path = segment::sidecar_path(&config.dir, segment.id);
    if config.vfs.open(&path).is_err() || end != End::Sealed {
        return;
    }
    let there = segment::read_sidecar(&*config.vfs, &config.dir, segment, true);
    match (there, super::reader::rebuild(segment)) {
        (Some(there), Ok(right)) if agrees(&there, &right) => {
            found.indexes += 1;
            let absent = right.directory.iter().filter(|entry| there.postings_of(entry.partition).is_empty());
            found.unlisted.extend(absent.map(|entry| (path.clone(), entry.partition)));
        }
        (Some(_), Ok(_)) => {
            let what = "the index does not agree with its segment".into();
            found.damage.push(Finding { file: path, position: 0, what });
        }
        (None, _) => {
            let what = "the index is damaged; it is made again at the next start".into();
            found.harmless.push(Finding { file: path, position: 0, what });
        }
        // The segment's own damage is told elsewhere.
        (Some(_), Err(_)) => {}
    }
}

/// Whether everything in the index is in the segment, as it says. A partition that was dropped before the segment was
/// sealed is left out of the index.
fn agrees(there: &Footer, right: &Footer) -> bool {
    let same = |entry: &Entry| {
        let found = right.directory.binary_search_by_key(&entry.partition, |entry| entry.partition);
        found.is_ok_and(|at| right.directory[at] == *entry)
            && there.postings_of(entry.partition) == right.postings_of(entry.partition)
    };
    (there.first_sequence, there.next_sequence) == (right.first_sequence, right.next_sequence)
        && there.directory.iter().all(same)
}

impl Verified {
    /// Adds what an error says, unless a look at the files has said so.
    fn add(&mut self, error: &LogError) {
        let finding = match error {
            LogError::Corrupt { path, position, what } => {
                Finding { file: path.into(), position: *position, what: what.clone() }
            }
            other => Finding { file: PathBuf::new(), position: 0, what: other.to_string() },
        };
        let known = |known: &Finding| known.file == finding.file && known.position == finding.position;
        if !self.damage.iter().any(known) {
            self.damage.push(finding);
        }
    }

    /// An index may leave a partition out only if it is no more.
    fn judge_unlisted(&mut self, is_live: impl Fn(PartitionId) -> bool) {
        for (file, partition) in std::mem::take(&mut self.unlisted) {
            if is_live(partition) {
                let what = format!("the index leaves out {partition:?}, which its segment holds");
                self.damage.push(Finding { file, position: 0, what });
            }
        }
    }

    fn judge_sealed(&mut self, checked: &Checked) {
        let what = match checked.end {
            End::Sealed => return,
            End::Damaged { next } => format!("damaged; the next good frame is at byte {next}"),
            End::Cut => "the file was cut off here".into(),
            End::Open => "damaged from here to the end; the segment was sealed".into(),
        };
        self.damage.push(Finding { file: checked.segment.path.clone(), position: checked.position, what });
    }

    fn judge_newest(&mut self, newest: &Checked) {
        let finding = |what: String| Finding { file: newest.segment.path.clone(), position: newest.position, what };
        match newest.end {
            // What else stands there is zeros, or what the file held when it was another segment.
            End::Open if newest.torn => {
                self.torn_tail =
                    Some(finding("a write that was never acknowledged; the next start cuts it off".into()));
            }
            End::Sealed | End::Open => {}
            End::Damaged { next } => {
                self.damage.push(finding(format!("damaged; the next good frame is at byte {next}")));
            }
            End::Cut => self.damage.push(finding("the file was cut off here".into())),
        }
    }
}
