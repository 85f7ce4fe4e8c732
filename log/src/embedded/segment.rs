//! Segment files: their names, how one is made, how its sidecar is written and removed.
//!
//! A segment comes into being whole: zeros and header are written and synced under a `.new` name, then renamed. So a
//! `.log` file always has a valid header, and growing never happens on the path of an append.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::Random;

use super::format::{HeaderError, SegmentHeader};
use super::index::{Footer, SIDECAR_HEADER_BYTES};
use crate::LogError;
use crate::vfs::{Vfs, VfsFile};

/// Where damage goes on repair.
pub(crate) const QUARANTINE: &str = "quarantine";

/// A segment file that is open.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) id: u64,
    pub(crate) salt: u64,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    pub(crate) file: Arc<dyn VfsFile>,
}

/// The error of a failed call on a file.
pub(crate) fn failed(action: &'static str, path: &Path, error: &io::Error) -> LogError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LogError::NoSpace,
        _ => LogError::Io { action, path: path.display().to_string(), message: error.to_string() },
    }
}

/// The error of damaged bytes.
pub(crate) fn damaged(path: &Path, position: u64, what: impl Into<String>) -> LogError {
    LogError::Corrupt { path: path.display().to_string(), position, what: what.into() }
}

/// The name of a segment's file.
pub(crate) fn segment_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("seg-{id:016x}.log"))
}

/// The name of a segment's sidecar.
pub(crate) fn sidecar_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("seg-{id:016x}.idx"))
}

/// The id in the name of a segment or sidecar, and the rest of the name.
pub(crate) fn parse_name(name: &str) -> Option<(u64, &str)> {
    let (id, kind) = name.strip_prefix("seg-")?.split_once('.')?;
    (id.len() == 16).then(|| u64::from_str_radix(id, 16).ok().map(|id| (id, kind)))?
}

/// A salt that no other segment has.
pub(crate) fn new_salt(random: &dyn Random) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

/// Makes segment `id`, `len` zeros long and durable.
pub(crate) fn create(vfs: &dyn Vfs, dir: &Path, id: u64, salt: u64, len: u64) -> Result<Segment, LogError> {
    let path = segment_path(dir, id);
    let unfinished = path.with_extension("log.new");
    let made = write_new(vfs, &unfinished, salt, id, len);
    let file = match made {
        Ok(file) => file,
        Err(error) => {
            // Gives the space back; a leftover is removed at the next open.
            let _gone = vfs.remove(&unfinished);
            return Err(failed("make segment", &unfinished, &error));
        }
    };
    vfs.rename(&unfinished, &path).map_err(|error| failed("rename", &unfinished, &error))?;
    vfs.sync_dir(dir).map_err(|error| failed("sync folder", dir, &error))?;
    Ok(Segment { id, salt, path, len, file })
}

fn write_new(vfs: &dyn Vfs, path: &Path, salt: u64, id: u64, len: u64) -> io::Result<Arc<dyn VfsFile>> {
    let file = vfs.create(path)?;
    file.preallocate(len)?;
    file.write_all_at(&SegmentHeader { id, salt }.encode(), 0)?;
    file.sync_data()?;
    Ok(file)
}

/// Opens segment `id` and checks its header.
pub(crate) fn open(vfs: &dyn Vfs, dir: &Path, id: u64) -> Result<Segment, LogError> {
    let path = segment_path(dir, id);
    let io = |error| failed("open segment", &path, &error);
    let file = vfs.open(&path).map_err(io)?;
    let len = file.len().map_err(io)?;
    let mut page = vec![0; len.min(super::format::HEADER_BYTES) as usize];
    file.read_exact_at(&mut page, 0).map_err(io)?;
    let header = SegmentHeader::decode(&page).map_err(|error| match error {
        HeaderError::Damaged(what) => damaged(&path, 0, what),
        HeaderError::Unknown(what) => {
            LogError::Io { action: "open segment", path: path.display().to_string(), message: what.into() }
        }
    })?;
    if header.id != id {
        return Err(damaged(&path, 0, format!("the header names segment {:016x}", header.id)));
    }
    Ok(Segment { id, salt: header.salt, path, len, file })
}

/// Writes the sidecar of a sealed segment, in place of any other.
pub(crate) fn write_sidecar(vfs: &dyn Vfs, dir: &Path, footer: &Footer) -> io::Result<()> {
    let path = sidecar_path(dir, footer.segment);
    let unfinished = path.with_extension("idx.new");
    let written = vfs.create(&unfinished).and_then(|file| {
        file.write_all_at(&footer.encode(), 0)?;
        file.sync_data()?;
        vfs.rename(&unfinished, &path)?;
        vfs.sync_dir(dir)
    });
    if written.is_err() {
        let _gone = vfs.remove(&unfinished);
    }
    written
}

/// Reads the sidecar of `segment`, with or without its postings; `None` when it is missing, damaged or another's.
pub(crate) fn read_sidecar(vfs: &dyn Vfs, dir: &Path, segment: &Segment, postings: bool) -> Option<Footer> {
    let file = vfs.open(&sidecar_path(dir, segment.id)).ok()?;
    let len = usize::try_from(file.len().ok()?).ok()?;
    let mut header = vec![0; SIDECAR_HEADER_BYTES.min(len)];
    file.read_exact_at(&mut header, 0).ok()?;
    let directory_end = Footer::directory_end(&header)?;
    let wanted = if postings { len } else { directory_end };
    if wanted > len {
        return None;
    }
    let mut bytes = vec![0; wanted];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let footer = Footer::decode(&bytes)?;
    let expected: usize = footer.directory.iter().map(|entry| entry.postings as usize).sum();
    let whole = !postings || footer.postings.len() == expected;
    (whole && footer.segment == segment.id && footer.salt == segment.salt).then_some(footer)
}

/// Removes a segment and its sidecar.
pub(crate) fn remove(vfs: &dyn Vfs, dir: &Path, id: u64) -> io::Result<()> {
    vfs.remove(&segment_path(dir, id))?;
    match vfs.remove(&sidecar_path(dir, id)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    vfs.sync_dir(dir)
}
