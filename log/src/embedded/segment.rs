//! Segment files: their names, how one is made, retired and recycled, how its sidecar is written.
//!
//! A segment comes into being whole: its room is taken and its header is written and synced under another name (`.new`,
//! or `.free` when it was one before), then it is renamed. So a `.log` file always has a valid header, and growing never
//! happens on the path of an append. Why the steps of recycling have this order: `spares.rs`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::Random;

use super::format::{HEADER_BYTES, HeaderError, SegmentHeader};
use super::index::{Footer, SIDECAR_HEADER_BYTES};
use crate::vfs::{Vfs, VfsFile};
use crate::{Lane, LogError};

/// Where damage goes on repair.
pub(crate) const QUARANTINE: &str = "quarantine";
/// A file is given back in pieces of this length.
const DISCARD_BYTES: u64 = 16 << 20;

/// A segment file that is open.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) id: u64,
    pub(crate) salt: u64,
    /// See [`SegmentHeader::lane`].
    pub(crate) lane: Lane,
    /// See [`SegmentHeader::copy`].
    pub(crate) copy: bool,
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    pub(crate) file: Arc<dyn VfsFile>,
}

impl Segment {
    /// The segment in a file that begins with `header`.
    pub(crate) fn new(header: SegmentHeader, path: PathBuf, len: u64, file: Arc<dyn VfsFile>) -> Self {
        let SegmentHeader { id, salt, lane, copy } = header;
        Self { id, salt, lane, copy, path, len, file }
    }
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

/// The name of a dead segment's file until it is recycled.
pub(crate) fn retired_path(dir: &Path, id: u64) -> PathBuf {
    dir.join(format!("seg-{id:016x}.free"))
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

/// Makes the segment that `header` describes, `len` zeros long and durable.
pub(crate) fn create(vfs: &dyn Vfs, dir: &Path, header: SegmentHeader, len: u64) -> Result<Segment, LogError> {
    let path = segment_path(dir, header.id);
    let unfinished = path.with_extension("log.new");
    let made = write_new(vfs, &unfinished, header, len);
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
    Ok(Segment::new(header, path, len, file))
}

fn write_new(vfs: &dyn Vfs, path: &Path, header: SegmentHeader, len: u64) -> io::Result<Arc<dyn VfsFile>> {
    let file = vfs.create(path)?;
    file.preallocate(len)?;
    file.write_all_at(&header.encode(), 0)?;
    file.sync_data()?;
    Ok(file)
}

/// A file that was a segment and will be one again.
pub(crate) struct Retired {
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    pub(crate) file: Arc<dyn VfsFile>,
}

/// Takes their names from dead segments, durably, and answers the files. A segment that could not be renamed keeps its
/// name until the next start finds it dead; on an error nothing is known and nothing may be recycled.
pub(crate) fn retire(vfs: &dyn Vfs, dir: &Path, ids: &[u64]) -> Result<Vec<Retired>, LogError> {
    let mut retired = Vec::new();
    for id in ids {
        let path = segment_path(dir, *id);
        let free = retired_path(dir, *id);
        match vfs.rename(&path, &free) {
            Ok(()) => retired.push(free),
            Err(error) => tracing::warn!(error = %failed("rename", &path, &error), "a dead segment keeps its name"),
        }
        // One that stays is rebuilt, or removed as one without a segment.
        let _absent = vfs.remove(&sidecar_path(dir, *id));
    }
    vfs.sync_dir(dir).map_err(|error| failed("sync folder", dir, &error))?;
    retired.into_iter().map(|path| open_retired(vfs, path)).collect()
}

/// Opens a file that lost its name as a segment.
pub(crate) fn open_retired(vfs: &dyn Vfs, path: PathBuf) -> Result<Retired, LogError> {
    let io = |error| failed("open segment", &path, &error);
    let file = vfs.open(&path).map_err(io)?;
    let len = file.len().map_err(io)?;
    Ok(Retired { path, len, file })
}

/// Makes the segment that `header` describes of a file whose old name is durably gone. The page behind the header becomes zeros, which says
/// that there is no first frame yet; the rest stays what it was.
pub(crate) fn recycle(vfs: &dyn Vfs, dir: &Path, old: Retired, header: SegmentHeader) -> Result<Segment, LogError> {
    let mut pages = header.encode();
    pages.resize(old.len.min(2 * HEADER_BYTES) as usize, 0);
    let written = old.file.write_all_at(&pages, 0).and_then(|()| old.file.sync_data());
    if let Err(error) = written {
        // Never tried again: what the disk has of it is unknown.
        discard(vfs, &old);
        return Err(failed("recycle segment", &old.path, &error));
    }
    let path = segment_path(dir, header.id);
    vfs.rename(&old.path, &path).map_err(|error| failed("rename", &old.path, &error))?;
    vfs.sync_dir(dir).map_err(|error| failed("sync folder", dir, &error))?;
    Ok(Segment::new(header, path, old.len, old.file))
}

/// Gives the room of a retired file back, a piece at a time: freeing a large file at once holds up every flush beside it.
/// All of it, before the name goes: a reader or the window of the page cache may still have the file open, and a full
/// disk cannot wait for them.
pub(crate) fn discard(vfs: &dyn Vfs, old: &Retired) {
    let mut len = old.len;
    while len > 0 {
        len = len.saturating_sub(DISCARD_BYTES);
        if old.file.set_len(len).is_err() {
            break;
        }
    }
    if let Err(error) = vfs.remove(&old.path) {
        tracing::warn!(error = %failed("remove", &old.path, &error), "the next start removes it");
    }
}

/// Opens segment `id` and checks its header.
pub(crate) fn open(vfs: &dyn Vfs, dir: &Path, id: u64) -> Result<Segment, LogError> {
    let path = segment_path(dir, id);
    let io = |error| failed("open segment", &path, &error);
    let file = vfs.open(&path).map_err(io)?;
    let len = file.len().map_err(io)?;
    let mut page = vec![0; len.min(HEADER_BYTES) as usize];
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
    Ok(Segment::new(header, path, len, file))
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
