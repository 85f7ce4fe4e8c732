//! Files behind a trait, so that the engine can be run on a disk that loses writes, tears them, fails and fills up.
//!
//! Owns: what the engine may ask of a file system, and the persistence model it relies on. Refuses: what is in the files.
//!
//! The persistence model: a write survives a crash for certain only after `sync_data` of its file, a new, renamed or
//! removed name only after `sync_dir` of its folder; until then each may survive or not, in any combination, and a
//! write may survive in part, in sectors of [`SECTOR_BYTES`]. Bytes outside the range of a write do not change
//! (powersafe overwrite). [`RealVfs`] is the file system of the machine; [`FaultVfs`] ships for simulators and tests:
//! it is a disk in memory and keeps nothing. Read `embedded/mod.rs` next.

mod crash;
mod fault;
mod overlay;
mod real;

use std::io;
use std::path::Path;
use std::sync::Arc;

pub use crash::{CrashStates, DiskImage, Event, Survival};
pub use fault::{Call, Fault, FaultVfs};
pub use overlay::OverlayVfs;
pub use real::RealVfs;

/// The unit that a disk writes as a whole.
pub const SECTOR_BYTES: usize = 512;

/// Held while a folder is in use; dropping it lets the next process in.
pub trait VfsLock: Send + Sync {}

/// A file system.
pub trait Vfs: Send + Sync + 'static {
    /// Makes the folder and its parents; fine when it is there.
    ///
    /// # Errors
    /// What the system says.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;

    /// Makes a new file for reading and writing.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken; else what the system says.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;

    /// Opens a file for reading and writing.
    ///
    /// # Errors
    /// `NotFound` when there is none; else what the system says.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;

    /// Gives the file another name, in place of any file that had it, at once.
    ///
    /// # Errors
    /// What the system says.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes the name; who has the file open reads on.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The names of the files in the folder, sorted.
    ///
    /// # Errors
    /// What the system says.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Makes the names in the folder durable.
    ///
    /// # Errors
    /// What the system says; what is durable then is unknown.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Locks the file at `path` (made when missing) against every other process.
    ///
    /// # Errors
    /// `WouldBlock` when another holder has it; else what the system says.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn VfsLock>>;
}

/// An open file.
pub trait VfsFile: Send + Sync {
    /// Reads at most `buffer.len()` bytes at `position`; zero at the end.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize>;

    /// Writes all of `bytes` at `position`.
    ///
    /// # Errors
    /// What the system says; any part of the bytes may have been written.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;

    /// Makes the bytes and the length durable (`fdatasync`).
    ///
    /// # Errors
    /// What the system says. A failure must not be retried: the system may have forgotten the bytes, and a second
    /// call would then succeed without them.
    fn sync_data(&self) -> io::Result<()>;

    /// Takes room up to `len`, which reads as zeros, so that later writes inside cannot find the disk full.
    ///
    /// # Errors
    /// `StorageFull` when the disk has no room; else what the system says.
    fn preallocate(&self, len: u64) -> io::Result<()>;

    /// Cuts or extends (with zeros).
    ///
    /// # Errors
    /// What the system says.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Says that the system need not keep this part, which is durable, in memory. A hint: nothing may depend on it.
    fn forget(&self, position: u64, len: u64) {
        let _nothing_kept = (position, len);
    }

    /// Says that this part is read next, so that the system can begin. A hint: nothing may depend on it.
    fn will_read(&self, position: u64, len: u64) {
        let _nothing_begun = (position, len);
    }

    /// The length in bytes.
    ///
    /// # Errors
    /// What the system says.
    fn len(&self) -> io::Result<u64>;

    /// Whether it holds no byte.
    ///
    /// # Errors
    /// What the system says.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `buffer` from `position`.
    ///
    /// # Errors
    /// `UnexpectedEof` when the file ends before; else what the system says.
    fn read_exact_at(&self, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let mut done = 0;
        while done < buffer.len() {
            match self.read_at(&mut buffer[done..], position + done as u64) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => done += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
