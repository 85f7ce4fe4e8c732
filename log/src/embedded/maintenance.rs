//! The thread for work that no append waits for: making the next segment, writing sidecars, removing dead segments.

use std::ops::ControlFlow;
use std::sync::{Arc, mpsc};

use super::cache::SealedSegment;
use super::segment::{remove, write_sidecar};
use super::shared::{Shared, SharedRef, Spare};

/// Something to do.
pub(crate) enum Job {
    /// Make a segment of the default length ahead.
    MakeSpare,
    /// Write the sidecar of a sealed segment.
    Index(Arc<SealedSegment>),
    /// Remove segments in which nothing is live.
    Remove(Vec<u64>),
    /// The commit thread has ended.
    End,
}

/// Works until [`Job::End`]. Nothing here can lose a record, so a failure is a warning: a missing sidecar is rebuilt, a
/// missing spare is made by the commit thread, a dead segment is removed at the next open.
pub(crate) fn run(shared: &SharedRef, jobs: &mpsc::Receiver<Job>) {
    while let Ok(job) = jobs.recv() {
        if work(shared, job).is_break() {
            break;
        }
    }
}

/// Does one job; `Break` after the last one.
pub(crate) fn work(shared: &Shared, job: Job) -> ControlFlow<()> {
    match job {
        Job::MakeSpare => make_spare(shared),
        Job::Index(sealed) => index(shared, &sealed),
        Job::Remove(ids) => ids.into_iter().for_each(|id| remove_dead(shared, id)),
        Job::End => return ControlFlow::Break(()),
    }
    ControlFlow::Continue(())
}

fn make_spare(shared: &Shared) {
    let made = shared.create_segment(shared.config.segment_bytes);
    let mut spare = shared.spare();
    *spare = match made {
        Ok(segment) => Spare::Ready(segment),
        Err(error) => {
            tracing::warn!(%error, "no segment could be made ahead");
            Spare::Refused
        }
    };
}

fn index(shared: &Shared, sealed: &SealedSegment) {
    let alive = shared.table().sealed.contains_key(&sealed.segment.id);
    if !alive {
        return;
    }
    if let Err(error) = write_sidecar(&*shared.config.vfs, &shared.config.dir, &sealed.footer) {
        tracing::warn!(%error, segment = sealed.segment.id, "the index of a segment was not written");
    }
}

fn remove_dead(shared: &Shared, id: u64) {
    shared.cache.remove(id);
    match remove(&*shared.config.vfs, &shared.config.dir, id) {
        Ok(()) => {
            tracing::debug!(segment = id, "segment removed");
            shared.forgive_spare();
        }
        Err(error) => tracing::warn!(%error, segment = id, "a dead segment was not removed"),
    }
}
