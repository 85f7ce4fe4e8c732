//! The disk of the simulated machine: what the process sees, and what a loss of power leaves of it.

use std::io;
use std::path::Path;
use std::sync::Arc;

use log::vfs::{CrashStates, DiskImage, FaultVfs, Vfs, VfsFile, VfsLock};

use crate::dice::Dice;

/// See the module text.
#[derive(Default)]
pub(crate) struct Disk {
    vfs: FaultVfs,
    /// What was on it when the power came on.
    image: DiskImage,
    capacity: Option<u64>,
}

impl Disk {
    /// A handle for one process. Before each flush it calls `probe`: what is written and not durable must not be seen.
    pub(crate) fn mount(&self, probe: Probe) -> Arc<dyn Vfs> {
        Arc::new(Mount { disk: self.vfs.clone(), probe })
    }

    pub(crate) fn faults(&self) -> &FaultVfs {
        &self.vfs
    }

    /// Bytes of all files.
    pub(crate) fn used(&self) -> u64 {
        self.vfs.live().values().map(|bytes| bytes.len() as u64).sum()
    }

    pub(crate) fn set_capacity(&mut self, bytes: Option<u64>) {
        self.capacity = bytes;
        self.vfs.set_capacity(bytes);
    }

    /// Lets no call that was chosen to fail do so.
    pub(crate) fn heal(&mut self) {
        self.vfs.heal();
        self.set_capacity(None);
    }

    pub(crate) fn moment(&self) -> usize {
        self.vfs.moment()
    }

    /// The power goes off after `moment` changes, and on again: some allowed part of what was not synced is there.
    pub(crate) fn power_cut(&mut self, moment: usize, dice: &mut Dice) -> String {
        let mut states = CrashStates::from_image(&self.image);
        for event in &self.vfs.journal()[..moment] {
            states.advance(event);
        }
        let mut ways = states.survivals(0, 6);
        ways.extend((0..4).map(|_| log::vfs::Survival::Random(dice.next())));
        let way = *dice.pick(&ways).expect("there is always a way");
        self.image = states.image(way);
        self.vfs = FaultVfs::from_image(&self.image);
        self.vfs.set_capacity(self.capacity);
        format!("{way:?}")
    }
}

/// Looks at the log in the midst of a step.
pub(crate) type Probe = Arc<dyn Fn() + Send + Sync>;

/// The lock of a process goes with it, also when nothing is left to drop it.
struct Mount {
    disk: FaultVfs,
    probe: Probe,
}

struct Unlocked;

impl VfsLock for Unlocked {}

impl Mount {
    fn file(&self, file: Arc<dyn VfsFile>) -> io::Result<Arc<dyn VfsFile>> {
        Ok(Arc::new(Probed { file, probe: Arc::clone(&self.probe) }))
    }
}

impl Vfs for Mount {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.disk.create_dir_all(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        self.file(self.disk.create(path)?)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        self.file(self.disk.open(path)?)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn VfsLock>> {
        Ok(Box::new(Unlocked))
    }
}

struct Probed {
    file: Arc<dyn VfsFile>,
    probe: Probe,
}

impl VfsFile for Probed {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.file.read_at(buffer, position)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, position)
    }

    fn sync_data(&self) -> io::Result<()> {
        (self.probe)();
        self.file.sync_data()
    }

    fn preallocate(&self, len: u64) -> io::Result<()> {
        self.file.preallocate(len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}
