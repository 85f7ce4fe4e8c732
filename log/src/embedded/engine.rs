//! [`EmbeddedLog`]: opens the files, starts the threads, and hands calls to them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};

use tokio::sync::{oneshot, watch};
use types::{Offset, PartitionId, Timestamp};

use super::EmbeddedConfig;
use super::cache::Cache;
use super::committer::Committer;
use super::maintenance::{self, Job};
use super::placement::Hints;
use super::queue::{Queue, Request};
use super::reader::{Asked, offset_at_time, read_page, read_tail};
use super::recovery::{Recovered, recover};
use super::ring::Ring;
use super::scrub::{self, Scrubbed};
use super::segment::failed;
use super::shared::{Shared, SharedRef};
use super::steps::{Step, Stepped, Threads};
use crate::vfs::VfsLock;
use crate::{Appended, Bounds, Lane, Log, LogError, Page, PartitionAppend, Pending, Space};

/// The file whose lock keeps a second process out.
pub(crate) const LOCK: &str = "LOCK";

/// The durable log of one machine. Dropping it finishes what waits, as [`Log::shutdown`] does; one without threads of its
/// own ends as if it were killed.
pub struct EmbeddedLog {
    shared: SharedRef,
    workers: Mutex<Workers>,
}

/// Who takes the steps of the engine.
enum Workers {
    /// Dropping the sender ends the scrub.
    Threads(Vec<JoinHandle<()>>, Option<mpsc::Sender<()>>),
    Stepped(Box<Stepped>),
}

impl std::fmt::Debug for EmbeddedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedLog").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl EmbeddedLog {
    /// Opens the log, recovering whatever an earlier process left. Blocks while it reads the newest segment.
    ///
    /// # Errors
    /// `Io` when the folder is in use or the system refuses, `NoSpace` when there is no room for a first segment,
    /// `Corrupt` when bytes that were durable are damaged and `repair` is not set.
    pub fn open(config: EmbeddedConfig) -> Result<Arc<Self>, LogError> {
        let config = config.bounded();
        let dir = config.dir.clone();
        config.vfs.create_dir_all(&dir).map_err(|error| failed("make folder", &dir, &error))?;
        let lock = lock(&config)?;
        Self::open_locked(config, lock)
    }

    /// As [`Self::open`], by who has locked the folder. Its bounds are checked.
    pub(crate) fn open_locked(config: EmbeddedConfig, lock: Box<dyn VfsLock>) -> Result<Arc<Self>, LogError> {
        let recovered = recover(&config)?;
        let (jobs, orders) = mpsc::channel();
        let Recovered { start: found, table, spares, next_segment, unindexed, holes } = recovered;
        let shared = Arc::new(Shared {
            cache: Cache::new(config.cache_bytes),
            queue: Queue::new(config.queue_bytes),
            hints: Hints::default(),
            ring: Ring::new(config.tail_bytes),
            table: Mutex::new(table),
            spares: Mutex::new(spares),
            next_segment: AtomicU64::new(next_segment),
            bytes_appended: AtomicU64::new(0),
            jobs,
            rewrite_ordered: AtomicBool::new(false),
            stopped: watch::Sender::new(false),
            scrubbed: Mutex::default(),
            ending: AtomicBool::new(false),
            ended: watch::Sender::new(false),
            lock: Mutex::new(Some(lock)),
            config,
        });
        let mut committer = Committer::new(Arc::clone(&shared), found);
        trim_holes(&mut committer, holes)?;
        for footer in unindexed {
            shared.order(Job::Index(Arc::new(footer)));
        }
        let dead = shared.table().take_dead();
        shared.order(Job::Retire(dead));
        let workers = match shared.config.threads {
            Threads::Own => start(&shared, committer, orders)?,
            Threads::Stepped(_) => Workers::Stepped(Box::new(Stepped::new(Arc::clone(&shared), committer, orders))),
        };
        Ok(Arc::new(Self { shared, workers: Mutex::new(workers) }))
    }

    /// Takes a step, if the log has no threads of its own, and answers whether there was something to do.
    pub fn step(&self, step: Step) -> bool {
        match &mut *self.workers() {
            Workers::Threads(..) => false,
            Workers::Stepped(stepped) => stepped.step(step),
        }
    }

    /// Becomes `true` when a write or flush failed: the process should exit (code 70) and recover by a new open.
    /// A shutdown does not set it.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.shared.stopped.subscribe()
    }

    /// Bytes of the segment files that hold records, without those made ahead.
    pub fn disk_bytes(&self) -> u64 {
        self.shared.table().bytes().0
    }

    /// What the scrub found so far.
    pub fn scrubbed(&self) -> Scrubbed {
        self.shared.scrubbed().clone()
    }

    /// Reads every sealed segment now, without pauses, on the calling thread, and answers as [`EmbeddedLog::scrubbed`].
    pub fn scrub(&self) -> Scrubbed {
        scrub::pass(&self.shared, &mut |_bytes| true);
        self.scrubbed()
    }

    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets nothing more in; what waits is still committed.
    fn close(&self) {
        self.shared.queue.close(LogError::Stopped("shut down".into()));
        self.shared.config.threads.wake();
    }

    fn ask<T: Send + 'static>(&self, request: impl FnOnce(super::queue::Answer<T>) -> Request) -> Pending<T> {
        let (answer, outcome) = oneshot::channel();
        self.shared.queue.push(request(answer));
        self.shared.config.threads.wake();
        Box::pin(async move {
            outcome.await.unwrap_or_else(|_| Err(LogError::Stopped("a write failed; its outcome is unknown".into())))
        })
    }

    fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> Result<T, LogError> + Send + 'static,
    ) -> Pending<T> {
        let shared = Arc::clone(&self.shared);
        if shared.config.threads.are_stepped() {
            return Box::pin(async move { work(&shared) });
        }
        Box::pin(async move {
            let task = tokio::task::spawn_blocking(move || work(&shared));
            task.await.unwrap_or_else(|error| Err(LogError::Stopped(format!("a read did not end: {error}"))))
        })
    }
}

/// Keeps other processes out of the folder.
pub(crate) fn lock(config: &EmbeddedConfig) -> Result<Box<dyn VfsLock>, LogError> {
    config.vfs.lock(&config.dir.join(LOCK)).map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => LogError::Io {
            action: "lock",
            path: config.dir.display().to_string(),
            message: "another process uses this folder".into(),
        },
        _ => failed("lock", &config.dir, &error),
    })
}

/// Makes the new starts of partitions with holes durable before anything is served.
fn trim_holes(committer: &mut Committer, holes: Vec<(PartitionId, Offset)>) -> Result<(), LogError> {
    for (partition, before) in holes {
        tracing::error!(?partition, ?before, "records before this one were damaged; the partition now starts here");
        let (answer, mut outcome) = oneshot::channel();
        committer.commit(vec![Request::Trim { partition, before, answer }])?;
        // A full disk refuses: what is served must not have holes, so there is nothing to serve yet.
        outcome.try_recv().unwrap_or_else(|_| Err(LogError::Stopped("the trim has no outcome".into())))?;
    }
    Ok(())
}

/// Starts the commit and the maintenance thread.
fn start(shared: &SharedRef, committer: Committer, orders: mpsc::Receiver<Job>) -> Result<Workers, LogError> {
    let (committing, maintaining, scrubbing) = (Arc::clone(shared), Arc::clone(shared), Arc::clone(shared));
    let mut threads = vec![
        spawn("log-commit", move || {
            panicked(&committing, || committer.run());
            committing.order(Job::End);
        })?,
        spawn("log-maintain", move || {
            if panicked(&maintaining, || maintenance::run(&maintaining, &orders)) {
                // The folder is nobody else's before the commit thread has ended too.
                while !matches!(orders.recv(), Ok(Job::End) | Err(_)) {}
            }
            maintaining.end();
        })?,
    ];
    let (scrub, stop) = mpsc::channel();
    let pace = shared.config.scrub_bytes_per_second;
    if pace > 0 {
        threads.push(spawn("log-scrub", move || scrub::run(&scrubbing, pace, &stop))?);
    }
    Ok(Workers::Threads(threads, Some(scrub)))
}

/// Does the work of a thread and answers whether it panicked. A panic stops the log as a failed write does: whoever
/// waits for an answer hears of it, and the process can exit and recover.
fn panicked(shared: &Shared, work: impl FnOnce()) -> bool {
    let panicked = catch_unwind(AssertUnwindSafe(work)).is_err();
    if panicked {
        shared.fail(&LogError::Stopped("a thread of the log panicked".into()));
    }
    panicked
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LogError> {
    thread::Builder::new().name(name.into()).spawn(work).map_err(|error| LogError::Io {
        action: "start thread",
        path: name.into(),
        message: error.to_string(),
    })
}

impl Log for EmbeddedLog {
    fn append(&self, batch: Vec<PartitionAppend>, now: Timestamp) -> Pending<Vec<Appended>> {
        self.ask(|answer| Request::append(batch, now, false, answer))
    }

    fn append_vital(&self, batch: Vec<PartitionAppend>, now: Timestamp) -> Pending<Vec<Appended>> {
        self.ask(|answer| Request::append(batch, now, true, answer))
    }

    fn read(&self, partition: PartitionId, from: Offset, records_max: usize, bytes_max: usize) -> Pending<Page> {
        let asked = Asked { partition, from, records_max, bytes_max };
        // Who has caught up, or reads what was written last, needs no thread.
        match read_tail(&self.shared, asked) {
            Some(page) => Box::pin(std::future::ready(page)),
            None => self.blocking(move |shared| read_page(shared, asked)),
        }
    }

    fn offset_at_time(&self, partition: PartitionId, time: Timestamp) -> Pending<Offset> {
        self.blocking(move |shared| offset_at_time(shared, partition, time))
    }

    fn close(&self, partition: PartitionId, now: Timestamp) -> Pending<Offset> {
        self.ask(|answer| Request::Close { partition, now, answer })
    }

    fn bounds(&self, partition: PartitionId) -> Option<Bounds> {
        self.shared.table().bounds(partition)
    }

    fn watch(&self, partition: PartitionId) -> watch::Receiver<Offset> {
        self.shared.table().watch(partition)
    }

    fn trim(&self, partition: PartitionId, before: Offset) -> Pending<()> {
        self.ask(|answer| Request::Trim { partition, before, answer })
    }

    fn drop_partition(&self, partition: PartitionId) -> Pending<()> {
        self.ask(|answer| Request::Drop { partition, answer })
    }

    fn classify(&self, partition: PartitionId, lane: Lane) {
        self.shared.hints.give(partition, lane);
    }

    fn bytes_appended(&self) -> u64 {
        self.shared.bytes_appended.load(Ordering::Relaxed)
    }

    fn space(&self) -> Space {
        let (segments, live) = self.shared.table().bytes();
        let (ready, retired) = self.shared.spares().bytes();
        Space { segments, live, ready, retired }
    }

    fn shutdown(&self) -> Pending<()> {
        self.close();
        let mut ended = self.shared.ended.subscribe();
        let stopped = self.stopped();
        Box::pin(async move {
            let ended = ended.wait_for(|ended| *ended).await.is_ok();
            let failed = *stopped.borrow();
            if ended && !failed { Ok(()) } else { Err(LogError::Stopped("a write failed".into())) }
        })
    }
}

impl Drop for EmbeddedLog {
    fn drop(&mut self) {
        self.close();
        let mut workers = self.workers();
        let Workers::Threads(threads, scrub) = &mut *workers else { return };
        scrub.take();
        for thread in std::mem::take(threads) {
            // It says why itself when it panics.
            let _panicked = thread.join();
        }
    }
}
