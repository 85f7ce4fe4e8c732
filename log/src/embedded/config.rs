//! How an embedded log is opened.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use types::{Random, SystemRandom};

use super::Threads;
use crate::vfs::{RealVfs, Vfs};

/// Default length of a segment.
const SEGMENT_BYTES: u64 = 64 << 20;
/// Default bytes that may wait for the disk.
const QUEUE_BYTES: usize = 64 << 20;
/// Default memory for the indexes of sealed segments.
const CACHE_BYTES: usize = 32 << 20;
/// Default memory for the frames written last.
const TAIL_BYTES: usize = 64 << 20;
/// Default share of live records below which a sealed segment is rewritten.
const REWRITE_BELOW_PERCENT: u8 = 50;
/// Default pace of the scrub.
const SCRUB_BYTES_PER_SECOND: u64 = 20_000_000;
/// Default memory of the system for what was written last.
const WRITTEN_BYTES: u64 = 256 << 20;
/// A segment holds its header page, a snapshot, a frame and a seal.
const SEGMENT_BYTES_MIN: u64 = 8 << 10;
/// Positions in a segment are 32-bit, and one call may make a segment longer.
const SEGMENT_BYTES_MAX: u64 = 1 << 30;

/// Where and how; start from [`EmbeddedConfig::at`].
#[derive(Clone)]
pub struct EmbeddedConfig {
    /// The folder of the log's files; made when missing, and locked.
    pub dir: PathBuf,
    /// The file system it is on.
    pub vfs: Arc<dyn Vfs>,
    /// Where salts come from.
    pub random: Arc<dyn Random>,
    /// Length of a segment in bytes, 8 KiB to 1 GiB; a longer one is made for a call that needs it.
    pub segment_bytes: u64,
    /// Bytes that may wait for the disk; above, calls get [`crate::LogError::Overloaded`]. At most 1 GiB; no single
    /// call may be larger.
    pub queue_bytes: usize,
    /// Memory for the indexes of sealed segments.
    pub cache_bytes: usize,
    /// Memory for the frames that were written last, from which the tail is read; 0 for none. It is taken as it is used.
    pub tail_bytes: usize,
    /// A sealed segment with a smaller share of live records is copied without the dead ones, one at most for each that is
    /// sealed; 0 turns it off.
    pub rewrite_below_percent: u8,
    /// How fast sealed segments are read in the background to find damage; 0 turns it off.
    pub scrub_bytes_per_second: u64,
    /// How much of what was written last is left in the system's page cache. Reads from further back come from the disk,
    /// and then from the cache as the system sees fit.
    pub written_bytes: u64,
    /// Move damage aside into `quarantine/` and go on, instead of [`crate::LogError::Corrupt`].
    pub repair: bool,
    /// Who does the work.
    pub threads: Threads,
}

impl EmbeddedConfig {
    /// The defaults, on the file system of the machine.
    pub fn at(dir: impl AsRef<Path>) -> Self {
        Self {
            dir: dir.as_ref().to_owned(),
            vfs: Arc::new(RealVfs),
            random: Arc::new(SystemRandom),
            segment_bytes: SEGMENT_BYTES,
            queue_bytes: QUEUE_BYTES,
            cache_bytes: CACHE_BYTES,
            tail_bytes: TAIL_BYTES,
            rewrite_below_percent: REWRITE_BELOW_PERCENT,
            scrub_bytes_per_second: SCRUB_BYTES_PER_SECOND,
            written_bytes: WRITTEN_BYTES,
            repair: false,
            threads: Threads::Own,
        }
    }

    /// The same with every number inside its bounds.
    pub(crate) fn bounded(mut self) -> Self {
        self.segment_bytes = self.segment_bytes.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX).next_multiple_of(8);
        self.queue_bytes = self.queue_bytes.min(1 << 30);
        self
    }
}

impl fmt::Debug for EmbeddedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedConfig")
            .field("dir", &self.dir)
            .field("segment_bytes", &self.segment_bytes)
            .field("queue_bytes", &self.queue_bytes)
            .field("repair", &self.repair)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}
