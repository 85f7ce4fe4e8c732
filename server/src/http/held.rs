//! Answers that wait for their clients: the memory they may take together, and for how long.
//!
//! A slow reader keeps its answer in memory until the last byte is handed to the socket. So every whole answer holds a
//! share of a budget until then, and a connection that gets on with none of its answers is cut. `stall.rs` sees only
//! sockets that take nothing at all; with HTTP/2 a client can keep the socket flowing and one stream shut.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use types::{Clock, Timestamp};
use wire::error_code;

use crate::error::ApiError;

/// Bytes of all answers of GetRecords, being made or waiting to be read.
const PAGES_BYTES: usize = 384 << 20;
/// The largest answer of GetRecords: ten megabytes in base64, and what stands around the records.
const PAGE_BYTES_MAX: u32 = 14 << 20;
/// Bytes of all other answers; the largest are some megabytes, most are a few hundred bytes.
const OTHERS_BYTES: usize = 128 << 20;
/// Answers up to here go out even when the budget is used up: errors must.
const SMALL_BYTES: usize = 4 << 10;
/// How long GetRecords waits for its share; clients retry the answer after it.
const SHARE_DEADLINE: Duration = Duration::from_secs(3);
/// How long an answer may wait for its client to take the next bytes.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for event streams: a consumer that is busy with what it has read pauses the stream, and no subscription
/// lasts longer than five minutes.
const STREAM_PATIENCE: Duration = Duration::from_secs(6 * 60);
/// How often answers are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// A part of the budget, given back when it is dropped.
pub(super) type Share = OwnedSemaphorePermit;

/// The memory for answers.
pub(super) struct AnswerBudget {
    pages: Arc<Semaphore>,
    others: Arc<Semaphore>,
}

impl AnswerBudget {
    pub(super) fn new() -> Self {
        Self { pages: Arc::new(Semaphore::new(PAGES_BYTES)), others: Arc::new(Semaphore::new(OTHERS_BYTES)) }
    }

    /// Room for the largest page, taken before the page is read.
    pub(super) async fn page(&self, clock: &dyn Clock) -> Result<Share, ApiError> {
        let room = self.pages.clone().acquire_many_owned(PAGE_BYTES_MAX);
        tokio::select! {
            biased;
            room = room => Ok(room.expect("the semaphore is never closed")),
            () = clock.sleep(SHARE_DEADLINE) => Err(busy()),
        }
    }

    /// The share of an answer of that many bytes; `taken` is what was taken for it before. An answer that tells of a
    /// change goes out without a share rather than not at all: its client would make the change again.
    pub(super) fn settle(
        &self,
        taken: Option<Share>,
        bytes: usize,
        tells_of_a_change: bool,
    ) -> Result<Option<Share>, ApiError> {
        if let Some(mut taken) = taken {
            // What is more than it needs is given back here.
            return Ok(if bytes < taken.num_permits() { taken.split(bytes) } else { Some(taken) });
        }
        let bytes = bytes.min(OTHERS_BYTES);
        match self.others.clone().try_acquire_many_owned(u32::try_from(bytes).unwrap_or(u32::MAX)) {
            Ok(share) => Ok(Some(share)),
            Err(_) if bytes <= SMALL_BYTES || tells_of_a_change => Ok(None),
            Err(_) => Err(busy()),
        }
    }
}

fn busy() -> ApiError {
    let message = "Too many answers are waiting to be read. Retry the request.";
    ApiError::new(error_code::SERVICE_UNAVAILABLE, message)
}

/// How an answer gets on.
pub(super) struct Progress {
    clock: Arc<dyn Clock>,
    /// Milliseconds since 1970.
    last: AtomicU64,
    patience: Duration,
}

impl Progress {
    fn new(clock: Arc<dyn Clock>, patience: Duration) -> Arc<Self> {
        let last = AtomicU64::new(clock.now().0);
        Arc::new(Self { clock, last, patience })
    }

    /// The client took something.
    pub(super) fn advance(&self) {
        self.last.store(self.clock.now().0, Ordering::Relaxed);
    }

    fn is_stalled(&self) -> bool {
        self.clock.now().since(Timestamp(self.last.load(Ordering::Relaxed))) > self.patience
    }
}

/// The bytes of an answer, with what they hold until the last slice of them is written.
struct Owned {
    bytes: Vec<u8>,
    _share: Option<Share>,
    _progress: Arc<Progress>,
}

impl AsRef<[u8]> for Owned {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// What one connection is about: requests that have no answer yet, and answers that are not written yet.
pub(super) struct Held {
    clock: Arc<dyn Clock>,
    answers: Mutex<Vec<Weak<Progress>>>,
    added: Notify,
    /// Requests so far.
    begun: AtomicU64,
    /// Those that have an answer.
    answered: AtomicU64,
    /// The socket takes nothing at the moment.
    is_waiting: AtomicBool,
}

/// A request of a connection, until it has an answer.
pub(super) struct Begun(Arc<Held>);

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.answered.fetch_add(1, Ordering::Release);
    }
}

impl Held {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            answers: Mutex::default(),
            added: Notify::new(),
            begun: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            is_waiting: AtomicBool::new(false),
        }
    }

    /// Notes a request.
    pub(super) fn begin(self: &Arc<Self>) -> Begun {
        self.begun.fetch_add(1, Ordering::Relaxed);
        Begun(self.clone())
    }

    /// How many requests there were.
    pub(super) fn requests(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// Whether a write waits for the client.
    pub(super) fn set_waiting(&self, waiting: bool) {
        self.is_waiting.store(waiting, Ordering::Relaxed);
    }

    /// Whether every request has its answer, and every answer was handed to the system.
    pub(super) fn is_quiet(&self) -> bool {
        let answered = self.answered.load(Ordering::Acquire) == self.begun.load(Ordering::Relaxed);
        answered && !self.is_waiting.load(Ordering::Relaxed) && self.forget_written()
    }

    /// Watches a whole answer until all of its bytes are dropped.
    pub(super) fn whole(&self, bytes: Vec<u8>, share: Option<Share>) -> (Bytes, Arc<Progress>) {
        let progress = Progress::new(self.clock.clone(), PATIENCE);
        self.watch(&progress);
        (Bytes::from_owner(Owned { bytes, _share: share, _progress: progress.clone() }), progress)
    }

    /// Watches an event stream for as long as its progress is kept.
    pub(super) fn stream(&self) -> Arc<Progress> {
        let progress = Progress::new(self.clock.clone(), STREAM_PATIENCE);
        self.watch(&progress);
        progress
    }

    fn watch(&self, progress: &Arc<Progress>) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        // What is written is forgotten when the list would grow, so that it is as long as what is not.
        if answers.len() == answers.capacity() {
            answers.retain(|answer| answer.strong_count() > 0);
        }
        if answers.is_empty() {
            self.added.notify_one();
        }
        answers.push(Arc::downgrade(progress));
    }

    /// Completes when one of the answers is stalled.
    pub(super) async fn stalled(&self) {
        loop {
            self.added.notified().await;
            while !self.forget_written() {
                self.clock.sleep(LOOK_EVERY).await;
                let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
                if answers.iter().filter_map(Weak::upgrade).any(|answer| answer.is_stalled()) {
                    return;
                }
            }
        }
    }

    /// Whether nothing is left.
    fn forget_written(&self) -> bool {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|answer| answer.strong_count() > 0);
        answers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use types::SystemClock;

    use super::*;

    #[tokio::test]
    async fn shares_shrink_and_come_back() {
        let budget = AnswerBudget { pages: Arc::new(Semaphore::new(PAGE_BYTES_MAX as usize)), ..AnswerBudget::new() };
        let share = budget.page(&SystemClock).await.unwrap();
        assert_eq!(budget.pages.available_permits(), 0);
        let share = budget.settle(Some(share), 1000, false).unwrap();
        assert_eq!(budget.pages.available_permits(), PAGE_BYTES_MAX as usize - 1000);
        let held = Held::new(Arc::new(SystemClock));
        let (mut bytes, progress) = held.whole(vec![7; 1000], share);
        let rest = bytes.split_off(500);
        drop((bytes, progress));
        assert_eq!(budget.pages.available_permits(), PAGE_BYTES_MAX as usize - 1000, "a slice is still out");
        drop(rest);
        assert_eq!(budget.pages.available_permits(), PAGE_BYTES_MAX as usize);
        assert!(held.forget_written());
    }

    #[test]
    fn only_small_answers_pass_a_full_budget() {
        let budget = AnswerBudget { others: Arc::new(Semaphore::new(10)), ..AnswerBudget::new() };
        assert!(budget.settle(None, 10, false).unwrap().is_some());
        assert!(budget.settle(None, SMALL_BYTES, false).unwrap().is_none());
        assert_eq!(budget.settle(None, SMALL_BYTES + 1, false).unwrap_err().status, 503);
    }

    #[test]
    fn an_answer_that_nobody_takes_is_stalled() {
        let progress = Progress::new(Arc::new(SystemClock), PATIENCE);
        assert!(!progress.is_stalled());
        progress.last.store(SystemClock.now().before(PATIENCE * 2).0, Ordering::Relaxed);
        assert!(progress.is_stalled());
        progress.advance();
        assert!(!progress.is_stalled());
    }
}
