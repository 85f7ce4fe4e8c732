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
    /// A handle for one process.
    pub(crate) fn mount(&self) -> Arc<dyn Vfs> {
        Arc::new(Mount(self.vfs.clone()))
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

/// The lock of a process goes with it, also when nothing is left to drop it.
struct Mount(FaultVfs);

struct Unlocked;

impl VfsLock for Unlocked {}

impl Vfs for Mount {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.0.create_dir_all(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        self.0.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        self.0.open(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        self.0.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.sync_dir(dir)
    }

    fn lock(&self, _path: &Path) -> io::Result<Box<dyn VfsLock>> {
        Ok(Box::new(Unlocked))
    }
}
