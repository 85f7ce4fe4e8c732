//! The thread for work that no append waits for: making segments ahead, writing sidecars, retiring dead segments.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};

use super::index::Footer;
use super::rewrite::{Rewritten, rewrite_one};
use super::segment::{discard, retire, write_sidecar};
use super::shared::{Shared, SharedRef};
use super::spares::Spares;

/// Something to do.
pub(crate) enum Job {
    /// Make segments of the default length ahead.
    MakeSpares,
    /// Write the sidecar of a sealed segment.
    Index(Arc<Footer>),
    /// Retire segments in which nothing is live.
    Retire(Vec<u64>),
    /// Copy a segment that is kept alive by little, if there is one.
    Rewrite,
    /// The commit thread has ended.
    End,
}

/// Works until [`Job::End`]. Nothing here can lose a record, so a failure is a warning: a missing sidecar is rebuilt, a
/// missing spare is made by the commit thread, a dead segment is retired at the next open.
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
        Job::MakeSpares => make_spares(shared),
        Job::Index(footer) => index(shared, &footer),
        Job::Retire(ids) => retire_dead(shared, &ids),
        Job::Rewrite => rewrite(shared),
        Job::End => return ControlFlow::Break(()),
    }
    ControlFlow::Continue(())
}

/// Makes segments while they are wanted.
fn make_spares(shared: &Shared) {
    loop {
        let wanted = shared.spares().wanted();
        let Some(lane) = wanted else { break };
        match shared.make_segment(lane, shared.config.segment_bytes) {
            Ok(segment) => shared.spares().put(segment),
            Err(error) => {
                tracing::warn!(%error, "no segment could be made ahead");
                shared.spares().refuse();
            }
        }
    }
}

fn rewrite(shared: &Shared) {
    shared.rewrite_ordered.store(false, Ordering::Relaxed);
    match rewrite_one(shared, &|| make_spares(shared)) {
        Ok(None) => {}
        Ok(Some(Rewritten { copy, dead })) => {
            tracing::debug!(copy = copy.segment.id, bytes = copy.segment.len, dead, "segment rewritten");
            if dead != copy.segment.id {
                shared.cache.insert(Arc::clone(&copy));
                index(shared, &copy.footer);
            }
            retire_dead(shared, &[dead]);
        }
        Err(error) => tracing::warn!(%error, "a segment kept alive by little was not rewritten"),
    }
}

fn index(shared: &Shared, footer: &Footer) {
    let alive = shared.table().sealed.contains_key(&footer.segment);
    if !alive {
        return;
    }
    if let Err(error) = write_sidecar(&*shared.config.vfs, &shared.config.dir, footer) {
        tracing::warn!(%error, segment = footer.segment, "the index of a segment was not written");
    }
}

/// The commit thread took these out of the table when their last record was gone, so a reader that still has one open
/// finds out there why its bytes are others.
fn retire_dead(shared: &Shared, ids: &[u64]) {
    if ids.is_empty() {
        return;
    }
    let (vfs, dir) = (&*shared.config.vfs, shared.config.dir.as_path());
    ids.iter().for_each(|id| shared.cache.remove(*id));
    let retired = match retire(vfs, dir, ids) {
        Ok(retired) => retired,
        Err(error) => {
            tracing::warn!(%error, segments = ids.len(), "dead segments wait for the next start");
            return;
        }
    };
    let pool_max = Spares::pool_max(shared.table().sealed.len());
    for old in retired {
        tracing::debug!(path = %old.path.display(), "segment retired");
        let surplus = match old.len == shared.config.segment_bytes {
            true => shared.spares().keep(old, pool_max),
            false => Some(old),
        };
        if let Some(old) = surplus {
            discard(vfs, &old);
        }
        // Many may die at once, and the commit thread does not wait for all of them.
        shared.spares().forgive();
        make_spares(shared);
    }
}
