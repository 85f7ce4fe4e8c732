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

/// What a chosen call answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// EIO. A failed sync also loses the bytes it should have kept: the system marks the pages clean.
    Io,
    /// ENOSPC.
    Full,
    /// EIO after half of the bytes of a write; any other call fails as with [`Fault::Io`].
    Short,
    /// A panic in the calling thread: what a bug of ours does.
    Panic,
}

impl Fault {
    /// What the caller gets.
    ///
    /// # Panics
    /// For [`Fault::Panic`].
    fn answer(self) -> io::Error {
        match self {
            Self::Io | Self::Short => io::Error::from_raw_os_error(5),
            Self::Full => io::ErrorKind::StorageFull.into(),
            Self::Panic => panic!("the disk was told to panic"),
        }
    }
}

/// The calls of a [`Vfs`] and its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "they are named as the calls are")]
pub enum Call {
    CreateDirAll,
    Create,
    Open,
    Rename,
    Remove,
    List,
    SyncDir,
    Lock,
    Read,
    Write,
    SyncData,
    Resize,
    Len,
}

impl Call {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::CreateDirAll,
        Self::Create,
        Self::Open,
        Self::Rename,
        Self::Remove,
        Self::List,
        Self::SyncDir,
        Self::Lock,
        Self::Read,
        Self::Write,
        Self::SyncData,
        Self::Resize,
        Self::Len,
    ];

    /// Whether it changes the disk.
    fn changes(self) -> bool {
        use Call::{Create, Remove, Rename, Resize, SyncData, SyncDir, Write};
        matches!(self, Create | Rename | Remove | SyncDir | Write | SyncData | Resize)
    }
}

/// The fault to come.
#[derive(Debug, Clone, Copy)]
struct Armed {
    /// `None` means any call that changes the disk.
    call: Option<Call>,
    /// How many such calls are left before it.
    before: u64,
    fault: Fault,
    /// Whether every later such call fails too.
    lasting: bool,
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
    files: BTreeMap<u64, Arc<Vec<u8>>>,
    next_file: u64,
    journal: Vec<Event>,
    armed: Option<Armed>,
    /// Faults that were answered.
    failed: u64,
    capacity: Option<u64>,
    locked: HashSet<PathBuf>,
    stalled: bool,
}

impl Disk {
    /// Counts a call and fails it when it is the chosen one.
    ///
    /// # Panics
    /// When it was chosen for [`Fault::Panic`].
    fn call(&mut self, call: Call) -> io::Result<()> {
        self.due(call).map_or(Ok(()), |fault| Err(fault.answer()))
    }

    /// The fault of this call, if it is the chosen one.
    fn due(&mut self, call: Call) -> Option<Fault> {
        let armed = self.armed.as_mut().filter(|armed| armed.call.map_or(call.changes(), |chosen| chosen == call))?;
        if armed.before > 0 {
            armed.before -= 1;
            return None;
        }
        let Armed { fault, lasting, .. } = *armed;
        if !lasting {
            self.armed = None;
        }
        self.failed += 1;
        Some(fault)
    }

    /// Refuses growth past the capacity.
    fn room(&self, file: u64, len: usize) -> io::Result<()> {
        let others: usize = self.names.values().filter(|id| **id != file).map(|id| self.files[id].len()).sum();
        match self.capacity {
            Some(capacity) if (others + len) as u64 > capacity => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }

    fn content(&self, id: u64) -> io::Result<&Arc<Vec<u8>>> {
        self.files.get(&id).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn file(&mut self, id: u64) -> io::Result<&mut Vec<u8>> {
        self.files.get_mut(&id).map(Arc::make_mut).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn resize(&mut self, id: u64, len: u64) -> io::Result<()> {
        self.call(Call::Resize)?;
        self.room(id, len as usize)?;
        self.file(id)?.resize(len as usize, 0);
        self.journal.push(Event::SetLen { file: id, len });
        Ok(())
    }

    fn write(&mut self, id: u64, bytes: &[u8], position: u64) -> io::Result<()> {
        let start = position as usize;
        let end = start + bytes.len();
        let len = self.content(id)?.len().max(end);
        self.room(id, len)?;
        let file = self.file(id)?;
        file.resize(len, 0);
        file[start..end].copy_from_slice(bytes);
        self.journal.push(Event::Write { file: id, position, bytes: Arc::from(bytes) });
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
        self.disk().armed = Some(Armed { call: None, before: nth - 1, fault, lasting: false });
    }

    /// Lets the `nth` such call from now answer `fault`.
    pub fn fail_nth_of(&self, call: Call, nth: u64, fault: Fault) {
        self.disk().armed = Some(Armed { call: Some(call), before: nth - 1, fault, lasting: false });
    }

    /// Lets the `nth` such call from now and all later ones answer `fault`.
    pub fn fail_from(&self, call: Call, nth: u64, fault: Fault) {
        self.disk().armed = Some(Armed { call: Some(call), before: nth - 1, fault, lasting: true });
    }

    /// Takes back a fault that is still to come, and answers how many calls have failed so far.
    pub fn heal(&self) -> u64 {
        let mut disk = self.disk();
        disk.armed = None;
        disk.failed
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
        Arc::make_mut(bytes)[position] ^= mask;
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
        self.disk().call(Call::CreateDirAll)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let mut disk = self.disk();
        disk.call(Call::Create)?;
        if disk.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = disk.next_file;
        disk.next_file += 1;
        disk.names.insert(path.to_owned(), id);
        disk.files.insert(id, Arc::default());
        disk.journal.push(Event::Create { path: path.to_owned(), file: id });
        Ok(self.handle(id))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let mut disk = self.disk();
        disk.call(Call::Open)?;
        let id = *disk.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(self.handle(id))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.call(Call::Rename)?;
        let id = disk.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        disk.names.insert(to.to_owned(), id);
        disk.journal.push(Event::Rename { from: from.to_owned(), to: to.to_owned(), file: id });
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.call(Call::Remove)?;
        disk.names.remove(path).ok_or(io::ErrorKind::NotFound)?;
        disk.journal.push(Event::Remove { path: path.to_owned() });
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut disk = self.disk();
        disk.call(Call::List)?;
        let inside = disk.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned()).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut disk = self.disk();
        disk.call(Call::SyncDir)?;
        disk.journal.push(Event::SyncDir { dir: dir.to_owned() });
        Ok(())
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn VfsLock>> {
        let mut disk = self.disk();
        disk.call(Call::Lock)?;
        if !disk.locked.insert(path.to_owned()) {
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
        disk.call(Call::Read)?;
        let bytes = disk.content(self.id)?;
        let rest = bytes.get(position as usize..).unwrap_or_default();
        let read = rest.len().min(buffer.len());
        buffer[..read].copy_from_slice(&rest[..read]);
        Ok(read)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let mut disk = self.vfs.disk();
        let Some(fault) = disk.due(Call::Write) else { return disk.write(self.id, bytes, position) };
        if fault == Fault::Short {
            disk.write(self.id, &bytes[..bytes.len() / 2], position)?;
        }
        Err(fault.answer())
    }

    fn sync_data(&self) -> io::Result<()> {
        let disk = self.vfs.disk();
        let stalled = self.vfs.unstalled.wait_while(disk, |disk| disk.stalled);
        let mut disk = stalled.unwrap_or_else(PoisonError::into_inner);
        let outcome = disk.call(Call::SyncData);
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
        let mut disk = self.vfs.disk();
        disk.call(Call::Len)?;
        Ok(disk.content(self.id)?.len() as u64)
    }
}
