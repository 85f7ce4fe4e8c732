//! The machine's files, read and never written: what is written stays in memory and goes with the value.
//!
//! Owns: trying things out on a folder that must not change, such as a repair or a recovery. It opens files for reading
//! only, so that it also works on a disk that the system has made read-only. Read `embedded/offline.rs` next.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Vfs, VfsFile, VfsLock};

/// The unit in which changes are kept.
const PAGE_BYTES: u64 = 4096;

/// See the module text.
#[derive(Debug, Default)]
pub struct OverlayVfs {
    /// Files that were opened or made, `None` for those that were removed.
    files: Mutex<BTreeMap<PathBuf, Option<Arc<Layer>>>>,
}

/// What was changed of one file, shared by all who have it open.
#[derive(Debug)]
struct Layer {
    /// Where the unchanged bytes are; a file that was made here has none.
    base: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    len: u64,
    /// Bytes of the base that still show, where no page covers them.
    base_len: u64,
    /// `None` is a page of zeros.
    pages: HashMap<u64, Option<Box<[u8]>>>,
}

struct OverlayFile {
    layer: Arc<Layer>,
    base: Option<File>,
}

struct NoLock;

/// Goes with the open file.
struct Held(#[expect(dead_code, reason = "held for its lock")] File);

impl VfsLock for Held {}

impl VfsLock for NoLock {}

impl OverlayVfs {
    /// Names and lengths of the files that were made in `dir` and are nowhere but here.
    pub fn made_in(&self, dir: &Path) -> Vec<(String, u64)> {
        let files = self.files();
        let made = files.iter().filter_map(|(path, layer)| Some((path, layer.as_ref()?)));
        made.filter(|(path, layer)| path.parent() == Some(dir) && layer.base.as_deref() != Some(path.as_path()))
            .filter_map(|(path, layer)| Some((path.file_name()?.to_str()?.to_owned(), layer.state().len)))
            .collect()
    }

    /// Keeps other processes from locking the file at `path`, which is not changed. `None` when there is no such file.
    ///
    /// # Errors
    /// `WouldBlock` when another process has locked it; else what the system says.
    pub fn hold(path: &Path) -> io::Result<Option<Box<dyn VfsLock>>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(Held(file)))),
            Err(fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(fs::TryLockError::Error(error)) => Err(error),
        }
    }

    fn files(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Option<Arc<Layer>>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn layer(&self, path: &Path) -> io::Result<Arc<Layer>> {
        if let Some(known) = self.files().get(path) {
            return known.clone().ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        let len = fs::metadata(path)?.len();
        let state = Mutex::new(State { len, base_len: len, pages: HashMap::new() });
        let layer = Arc::new(Layer { base: Some(path.to_owned()), state });
        self.files().insert(path.to_owned(), Some(Arc::clone(&layer)));
        Ok(layer)
    }
}

impl Layer {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Vfs for OverlayVfs {
    fn create_dir_all(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let taken = match self.files().get(path) {
            Some(known) => known.is_some(),
            None => path.exists(),
        };
        if taken {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let layer = Arc::new(Layer { base: None, state: Mutex::default() });
        self.files().insert(path.to_owned(), Some(Arc::clone(&layer)));
        Ok(Arc::new(OverlayFile { layer, base: None }))
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let layer = self.layer(path)?;
        let base = layer.base.as_ref().map(File::open).transpose()?;
        Ok(Arc::new(OverlayFile { layer, base }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let layer = self.layer(from)?;
        let mut files = self.files();
        files.insert(from.to_owned(), None);
        files.insert(to.to_owned(), Some(layer));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.layer(path)?;
        self.files().insert(path.to_owned(), None);
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        let files = self.files();
        names.retain(|name| !matches!(files.get(&dir.join(name)), Some(None)));
        let inside = files.iter().filter(|(path, layer)| layer.is_some() && path.parent() == Some(dir));
        names.extend(inside.filter_map(|(path, _)| Some(path.file_name()?.to_str()?.to_owned())));
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    /// Nothing is changed, so nobody has to be kept out; who reads a folder in use sees it as it is from read to read.
    fn lock(&self, _path: &Path) -> io::Result<Box<dyn VfsLock>> {
        Ok(Box::new(NoLock))
    }
}

impl OverlayFile {
    /// The bytes of one page.
    fn page(&self, state: &State, number: u64) -> io::Result<Box<[u8]>> {
        let mut page = vec![0; PAGE_BYTES as usize].into_boxed_slice();
        match state.pages.get(&number) {
            Some(Some(changed)) => page.copy_from_slice(changed),
            Some(None) => {}
            None => self.read_base(state, &mut page, number * PAGE_BYTES)?,
        }
        Ok(page)
    }

    /// Fills `buffer` from the base; zeros behind its end.
    fn read_base(&self, state: &State, buffer: &mut [u8], position: u64) -> io::Result<()> {
        let shown = (state.base_len.saturating_sub(position)).min(buffer.len() as u64) as usize;
        let (old, new) = buffer.split_at_mut(shown);
        new.fill(0);
        match &self.base {
            Some(file) if shown > 0 => file.read_exact_at(old, position),
            _ => Ok(()),
        }
    }
}

impl VfsFile for OverlayFile {
    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let state = self.layer.state();
        let len = state.len.saturating_sub(position).min(buffer.len() as u64);
        let buffer = &mut buffer[..len as usize];
        self.read_base(&state, buffer, position)?;
        if !state.pages.is_empty() {
            for number in position / PAGE_BYTES..(position + len).div_ceil(PAGE_BYTES) {
                if !state.pages.contains_key(&number) {
                    continue;
                }
                let page = self.page(&state, number)?;
                let start = (number * PAGE_BYTES).max(position);
                let end = ((number + 1) * PAGE_BYTES).min(position + len);
                let from = (start - number * PAGE_BYTES) as usize;
                let bytes = (end - start) as usize;
                let to = (start - position) as usize;
                buffer[to..to + bytes].copy_from_slice(&page[from..from + bytes]);
            }
        }
        Ok(len as usize)
    }

    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()> {
        let mut state = self.layer.state();
        let end = position + bytes.len() as u64;
        for number in position / PAGE_BYTES..end.div_ceil(PAGE_BYTES) {
            let (first, last) = (number * PAGE_BYTES, (number + 1) * PAGE_BYTES);
            let (start, stop) = (first.max(position), last.min(end));
            let mut page = self.page(&state, number)?;
            let piece = &bytes[(start - position) as usize..(stop - position) as usize];
            page[(start - first) as usize..(stop - first) as usize].copy_from_slice(piece);
            let zeros = page.iter().all(|byte| *byte == 0);
            state.pages.insert(number, (!zeros).then_some(page));
        }
        state.len = state.len.max(end);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn preallocate(&self, len: u64) -> io::Result<()> {
        let mut state = self.layer.state();
        state.len = state.len.max(len);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.layer.state();
        if len < state.len && !len.is_multiple_of(PAGE_BYTES) {
            let number = len / PAGE_BYTES;
            let mut page = self.page(&state, number)?;
            page[(len % PAGE_BYTES) as usize..].fill(0);
            state.pages.insert(number, Some(page));
        }
        state.pages.retain(|number, _| number * PAGE_BYTES < len);
        state.base_len = state.base_len.min(len);
        state.len = len;
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.layer.state().len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_shows_and_the_disk_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let bytes: Vec<u8> = (0..10_000_u32).map(|n| n as u8 | 1).collect();
        fs::write(&path, &bytes).unwrap();
        let vfs = OverlayVfs::default();
        let file = vfs.open(&path).unwrap();
        file.write_all_at(&[0; 300], 4_000).unwrap();
        file.write_all_at(b"end", 12_000).unwrap();
        let mut expected = bytes.clone();
        expected[4_000..4_300].fill(0);
        expected.resize(12_000, 0);
        expected.extend_from_slice(b"end");
        let all = |vfs: &OverlayVfs, path: &Path| {
            let file = vfs.open(path).unwrap();
            let mut read = vec![9; file.len().unwrap() as usize];
            file.read_exact_at(&mut read, 0).unwrap();
            read
        };
        assert_eq!(all(&vfs, &path), expected);
        for (from, len) in [(3_999, 400), (4_095, 2), (9_990, 2_013), (0, 1)] {
            let mut read = vec![9; len];
            file.read_exact_at(&mut read, from).unwrap();
            assert_eq!(read, expected[from as usize..from as usize + len]);
        }
        file.set_len(5_001).unwrap();
        file.set_len(9_000).unwrap();
        expected.truncate(5_001);
        expected.resize(9_000, 0);
        assert_eq!(all(&vfs, &path), expected);

        let other = folder.path().join("b");
        vfs.rename(&path, &other).unwrap();
        assert!(vfs.open(&path).is_err());
        assert_eq!(all(&vfs, &other), expected);
        assert_eq!(vfs.list(folder.path()).unwrap(), ["b"]);
        assert_eq!(vfs.made_in(folder.path()), [("b".to_owned(), 9_000)]);
        vfs.remove(&other).unwrap();
        assert!(vfs.create(&other).unwrap().is_empty().unwrap());
        assert_eq!(fs::read(&path).unwrap(), bytes);
        assert!(!other.exists());
    }
}
