//! A disk in memory that fails on command and remembers every change, for simulators and tests; it keeps nothing.
//!
//! What the process sees is the live state. The journal of changes ([`FaultVfs::journal`]) goes to
//! [`super::CrashStates`], which says what a crash at any moment could have left.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::crash::{DiskImage, Event};
use super::{Vfs, VfsFile, VfsLock};

/// What the n-th changing call answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// EIO. A failed sync also loses the bytes it should have kept: the system marks the pages clean.
    Io,
    /// ENOSPC.
    Full,
    /// A panic in the calling thread: what a bug of ours does.
    Panic,
}

/// See the module text.
#[derive(Clone, Default)]
pub struct FaultVfs {
    disk: Arc<Mutex<Disk>>,
    unstalled: Arc<Condvar>,
}

#[derive(Default)]
struct Disk {
    names: BTreeMap<PathBuf, u64>,
    files: BTreeMap<u64, Vec<u8>>,
    next_file: u64,
    journal: Vec<Event>,
    calls: u64,
    fail_at: Option<(u64, Fault)>,
    capacity: Option<u64>,
    locked: HashSet<PathBuf>,
    stalled: bool,
}

impl Disk {
    /// Counts a changing call and fails it when it is the chosen one.
    ///
    /// # Panics
    /// When it was chosen for [`Fault::Panic`].
    fn change(&mut self) -> io::Result<()> {
        self.calls += 1;
        match self.fail_at {
            Some((call, Fault::Io)) if call == self.calls => Err(io::Error::from_raw_os_error(5)),
            Some((call, Fault::Full)) if call == self.calls => Err(io::ErrorKind::StorageFull.into()),
            Some((call, Fault::Panic)) if call == self.calls => panic!("the disk was told to panic"),
            _ => Ok(()),
        }
    }

    /// Refuses growth past the capacity.
    fn room(&self, file: u64, len: usize) -> io::Result<()> {
        let others: usize = self.names.values().filter(|id| **id != file).map(|id| self.files[id].len()).sum();
        match self.capacity {
            Some(capacity) if (others + len) as u64 > capacity => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn file(&mut self, id: u64) -> io::Result<&mut Vec<u8>> {
        self.files.get_mut(&id).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn resize(&mut self, id: u64, len: u64) -> io::Result<()> {
        self.change()?;
        self.room(id, len as usize)?;
        self.file(id)?.resize(len as usize, 0);
        self.journal.push(Event::SetLen { file: id, len });
        Ok(())
    }
}

impl FaultVfs {
    /// A disk that holds `image`, all of it durable.
    pub fn from_image(image: &DiskImage) -> Self {
        let vfs = Self::default();
        let mut disk = vfs.disk();
        for (path, bytes) in image {
            let id = disk.next_file;
            disk.next_file += 1;
            disk.names.insert(path.clone(), id);
            disk.files.insert(id, bytes.clone());
        }
        drop(disk);
        vfs
    }

    /// What the process sees now, as if all of it were durable.
    pub fn live(&self) -> DiskImage {
        let disk = self.disk();
        disk.names.iter().map(|(path, id)| (path.clone(), disk.files[id].clone())).collect()
    }

    /// How many changes are in the journal: the moment, for [`super::CrashStates`].
    pub fn moment(&self) -> usize {
        self.disk().journal.len()
    }

    /// Every change so far.
    pub fn journal(&self) -> Vec<Event> {
        self.disk().journal.clone()
    }

    /// Lets the `nth` changing call from now (1 is the next) answer `fault`.
    pub fn fail_nth(&self, nth: u64, fault: Fault) {
        let mut disk = self.disk();
        disk.fail_at = Some((disk.calls + nth, fault));
    }

    /// Limits the sum of the files' lengths; `None` lifts the limit.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.disk().capacity = bytes;
    }

    /// Holds every `sync_data` until called with `false`.
    pub fn stall_syncs(&self, stalled: bool) {
        self.disk().stalled = stalled;
        self.unstalled.notify_all();
    }

    /// Flips bits of a byte of a file behind everybody's back.
    ///
    /// # Panics
    /// When the file or the byte is not there.
    pub fn flip(&self, path: &Path, position: usize, mask: u8) {
        let mut disk = self.disk();
        let id = disk.names[path];
        let bytes = disk.files.get_mut(&id).expect("every name has a file");
        bytes[position] ^= mask;
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handle(&self, id: u64) -> Arc<dyn VfsFile> {
        Arc::new(FaultFile { vfs: self.clone(), id })
    }
}

impl Vfs for FaultVfs {
    fn create_dir_all(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let mut disk = self.disk();
        disk.change()?;
        if disk.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = disk.next_file;
        disk.next_file += 1;
        disk.names.insert(path.to_owned(), id);
        disk.files.insert(id, Vec::new());
        disk.journal.push(Event::Create { path: path.to_owned(), file: id });
        Ok(self.handle(id))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let id = *self.disk().names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.handle(id))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.change()?;
        let id = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.to_owned(), id);
        disk.journal.push(Event::Rename { from: from.to_owned(), to: to.to_owned(), file: id });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.change()?;
        disk.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        disk.journal.push(Event::Remove { path: path.to_owned() });
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let disk = self.disk();
        let inside = disk.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.change()?;
        disk.journal.push(Event::SyncDir { dir: dir.to_owned() });
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn VfsLock>> {
        if !self.disk().locked.insert(path.to_owned()) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(FaultLock { vfs: self.clone(), path: path.to_owned() }))
    }
}

struct FaultLock {
    vfs: FaultVfs,
    path: PathBuf,
}

impl VfsLock for FaultLock {}

impl Drop for FaultLock {
    fn drop(&mut self) {
        self.vfs.disk().locked.remove(&self.path);
    }
}

struct FaultFile {
    vfs: FaultVfs,
    id: u64,
}

impl VfsFile for FaultFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut disk = self.vfs.disk();
        let bytes = disk.file(self.id)?;
        let rest = bytes.get(position as usize..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let mut disk = self.vfs.disk();
        disk.change()?;
        let start = position as usize;
        let end = start + bytes.len();
        let len = disk.file(self.id)?.len().max(end);
        disk.room(self.id, len)?;
        let file = disk.file(self.id)?;
        file.resize(len, 0);
        file[start..end].copy_from_slice(bytes);
        disk.journal.push(Event::Write { file: self.id, position, bytes: Arc::from(bytes) });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let disk = self.vfs.disk();
        let stalled = self.vfs.unstalled.wait_while(disk, |disk| disk.stalled);
        let mut disk = stalled.unwrap_or_else(PoisonError::into_inner);
        let outcome = disk.change();
        let file = self.id;
        disk.journal.push(if outcome.is_ok() { Event::Sync { file } } else { Event::FailedSync { file } });
        outcome
    }

    fn preallocate(&self, len: u64) -> io::Result<()> {
        self.vfs.disk().resize(self.id, len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.vfs.disk().resize(self.id, len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.vfs.disk().file(self.id)?.len() as u64)
    }
}
