//! What the threads of one log share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use tokio::sync::watch;

use super::EmbeddedConfig;
use super::cache::Cache;
use super::format::SegmentHeader;
use super::maintenance::Job;
use super::placement::Hints;
use super::queue::Queue;
use super::ring::Ring;
use super::scrub::Scrubbed;
use super::segment::{Segment, create, discard, new_salt, recycle};
use super::spares::Spares;
use super::table::Table;
use crate::vfs::VfsLock;
use crate::{Lane, LogError};

/// See the module text.
pub(crate) struct Shared {
    pub(crate) config: EmbeddedConfig,
    pub(crate) table: Mutex<Table>,
    pub(crate) cache: Cache,
    pub(crate) queue: Queue,
    pub(crate) hints: Hints,
    pub(crate) ring: Ring,
    pub(crate) spares: Mutex<Spares>,
    pub(crate) next_segment: AtomicU64,
    pub(crate) bytes_appended: AtomicU64,
    pub(crate) jobs: mpsc::Sender<Job>,
    /// Whether a [`Job::Rewrite`] waits: one at a time, however fast segments are sealed.
    pub(crate) rewrite_ordered: AtomicBool,
    /// Whether the log failed.
    pub(crate) stopped: watch::Sender<bool>,
    pub(crate) scrubbed: Mutex<Scrubbed>,
    /// Whether the folder may be another process's any moment.
    pub(crate) ending: AtomicBool,
    /// Whether both threads ended.
    pub(crate) ended: watch::Sender<bool>,
    pub(crate) lock: Mutex<Option<Box<dyn VfsLock>>>,
}

impl Shared {
    pub(crate) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn spares(&self) -> MutexGuard<'_, Spares> {
        self.spares.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn scrubbed(&self) -> MutexGuard<'_, Scrubbed> {
        self.scrubbed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a segment of `len` bytes for `lane`, of a dead one if there is one of that length. A full disk takes the room of the
    /// dead ones first.
    pub(crate) fn make_segment(&self, lane: Lane, len: u64) -> Result<Segment, LogError> {
        let (vfs, dir) = (&*self.config.vfs, self.config.dir.as_path());
        let id = self.next_segment.fetch_add(1, Ordering::Relaxed);
        let header = SegmentHeader { id, salt: new_salt(&*self.config.random), lane, copy: false };
        if len == self.config.segment_bytes {
            let retired = self.spares().take_retired();
            if let Some(retired) = retired {
                return recycle(vfs, dir, retired, header);
            }
        }
        loop {
            let made = create(vfs, dir, header, len);
            if !matches!(made, Err(LogError::NoSpace)) {
                return made;
            }
            let retired = self.spares().take_retired();
            discard(vfs, &retired.ok_or(LogError::NoSpace)?);
        }
    }

    /// Leaves work to the maintenance thread.
    pub(crate) fn order(&self, job: Job) {
        // After the end of the thread there is nothing left to maintain.
        let _ended = self.jobs.send(job);
        self.config.threads.wake();
    }

    /// Has the maintenance thread look for a segment to rewrite, unless it was told and has not come to it.
    pub(crate) fn order_rewrite(&self) {
        if self.config.rewrite_below_percent > 0 && !self.rewrite_ordered.swap(true, Ordering::Relaxed) {
            self.order(Job::Rewrite);
        }
    }

    /// Stops the log for good after a failed write or flush.
    pub(crate) fn fail(&self, error: &LogError) {
        tracing::error!(%error, "the log stops");
        self.stopped.send_replace(true);
        self.queue.fail(&LogError::Stopped(error.to_string()));
    }

    /// Lets the next opener in; commit and maintenance thread have ended.
    pub(crate) fn end(&self) {
        self.ending.store(true, Ordering::Release);
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
        self.ended.send_replace(true);
    }
}

/// The handle of the threads.
pub(crate) type SharedRef = Arc<Shared>;
