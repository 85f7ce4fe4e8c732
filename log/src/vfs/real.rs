//! The file system of the machine, through `std`, and `fallocate` where there is one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::{Vfs, VfsFile, VfsLock};

/// Zeros written at a time.
const ZEROS_BYTES: usize = 1 << 20;

/// See the module text.
#[derive(Debug, Clone, Copy, Default)]
pub struct RealVfs;

struct RealFile(File);

/// The lock goes with the open file, also when the process is killed.
struct RealLock(#[expect(dead_code, reason = "held for its lock")] File);

impl VfsLock for RealLock {}

impl Vfs for RealVfs {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        fs::create_dir_all(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Arc::new(RealFile(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn VfsLock>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(RealLock(file))),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl VfsFile for RealFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        self.0.read_at(buffer, position)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, position)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn preallocate(&self, len: u64) -> io::Result<()> {
        match reserve(&self.0, len) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => write_zeros(&self.0, len),
            outcome => outcome,
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn forget(&self, position: u64, len: u64) {
        advise(&self.0, position, len, Advice::DontNeed);
    }

    fn will_read(&self, position: u64, len: u64) {
        advise(&self.0, position, len, Advice::WillNeed);
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// Takes the blocks without writing them. Zeros that are written cost the disk as much as the records that replace them
/// and several times the processor's share of those, and what is flushed then holds up the flush of a commit beside it.
#[cfg(target_os = "linux")]
fn reserve(file: &File, len: u64) -> io::Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    use rustix::io::Errno;

    loop {
        match fallocate(file, FallocateFlags::empty(), 0, len) {
            Err(Errno::INTR) => {}
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => return Err(io::ErrorKind::Unsupported.into()),
            outcome => return outcome.map_err(io::Error::from),
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn reserve(_: &File, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Takes the blocks where the file system has no other way.
fn write_zeros(file: &File, len: u64) -> io::Result<()> {
    let zeros = vec![0; ZEROS_BYTES];
    let mut position = file.metadata()?.len();
    while position < len {
        let piece = (len - position).min(ZEROS_BYTES as u64);
        file.write_all_at(&zeros[..piece as usize], position)?;
        position += piece;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
use rustix::fs::Advice;

#[cfg(not(target_os = "linux"))]
enum Advice {
    DontNeed,
    WillNeed,
}

#[cfg(target_os = "linux")]
fn advise(file: &File, position: u64, len: u64, advice: Advice) {
    // What is refused here costs memory or time and nothing else.
    let _refused = rustix::fs::fadvise(file, position, std::num::NonZeroU64::new(len), advice);
}

#[cfg(not(target_os = "linux"))]
fn advise(_: &File, _: u64, _: u64, _: Advice) {}
