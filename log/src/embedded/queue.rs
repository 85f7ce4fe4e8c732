//! What waits for the commit thread, bounded in bytes.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use types::{Offset, PartitionId, Timestamp};

use super::run::{RECORD_OVERHEAD_MAX, RUN_OVERHEAD_MAX};
use crate::{Appended, LogError, PartitionAppend};

/// Where the outcome of a request goes.
pub(crate) type Answer<T> = oneshot::Sender<Result<T, LogError>>;

/// What a caller asked for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Made by [`Request::append`].
    Append {
        batch: Vec<PartitionAppend>,
        bytes: AppendBytes,
        now: Timestamp,
        vital: bool,
        answer: Answer<Vec<Appended>>,
    },
    Close {
        partition: PartitionId,
        now: Timestamp,
        answer: Answer<Offset>,
    },
    Trim {
        partition: PartitionId,
        before: Offset,
        answer: Answer<()>,
    },
    Drop {
        partition: PartitionId,
        answer: Answer<()>,
    },
}

/// What an append takes, added up once, on the caller's thread: the commit thread asks several times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AppendBytes {
    /// Keys and values.
    pub(crate) payload: u64,
    /// At least the bytes in a frame.
    frame_max: usize,
}

impl Request {
    pub(crate) fn append(
        batch: Vec<PartitionAppend>,
        now: Timestamp,
        vital: bool,
        answer: Answer<Vec<Appended>>,
    ) -> Self {
        let records: usize = batch.iter().map(|part| part.records.len()).sum();
        let payload: usize = batch.iter().flat_map(|part| &part.records).map(|r| r.key.len() + r.value.len()).sum();
        // Each record could begin a run of its own in the worst case only when it is long; a run per part and per
        // `RUN_BYTES_SOFT` is covered by the record's own allowance.
        let bytes = payload + records * RECORD_OVERHEAD_MAX;
        let frame_max = bytes + bytes / 1024 + (batch.len() + 1) * RUN_OVERHEAD_MAX;
        let bytes = AppendBytes { payload: payload as u64, frame_max };
        Self::Append { batch, bytes, now, vital, answer }
    }

    /// At least the bytes that it takes in a frame.
    pub(crate) fn frame_bytes_max(&self) -> usize {
        match self {
            Self::Append { bytes, .. } => bytes.frame_max,
            _ => RUN_OVERHEAD_MAX,
        }
    }

    /// The partitions that it is for; one may come twice.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = PartitionId> {
        let (parts, one) = match self {
            Self::Append { batch, .. } => (batch.as_slice(), None),
            Self::Close { partition, .. } | Self::Trim { partition, .. } | Self::Drop { partition, .. } => {
                (&[][..], Some(*partition))
            }
        };
        parts.iter().map(|part| part.partition).chain(one)
    }

    pub(crate) fn is_append(&self) -> bool {
        matches!(self, Self::Append { .. })
    }

    /// How much of the `reserve` of a segment it must leave on a full disk: vital appends half, so that trims, closes
    /// and drops, which free space and take little, can go on when those have used the other half.
    pub(crate) fn must_leave(&self, reserve: u64) -> u64 {
        match self {
            Self::Append { vital: false, .. } => reserve,
            Self::Append { vital: true, .. } => reserve / 2,
            _ => 0,
        }
    }

    /// Answers with a failure.
    pub(crate) fn refuse(self, error: LogError) {
        // A caller that went away needs no answer.
        let _gone = match self {
            Self::Append { answer, .. } => answer.send(Err(error)).is_err(),
            Self::Close { answer, .. } => answer.send(Err(error)).is_err(),
            Self::Trim { answer, .. } | Self::Drop { answer, .. } => answer.send(Err(error)).is_err(),
        };
    }
}

/// What the commit thread got.
#[derive(Debug)]
pub(crate) enum Taken {
    Batch(Vec<Request>),
    /// Nothing came for the time given.
    Idle,
    /// Nothing waits and nothing will come.
    Closed,
}

#[derive(Debug, Default)]
struct Waiting {
    requests: VecDeque<Request>,
    bytes: usize,
    refusal: Option<LogError>,
    /// Whether the commit thread sleeps. Waking one that does not is a call to the system for nothing.
    sleeps: bool,
}

/// See the module text.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
    bytes_max: usize,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self { waiting: Mutex::default(), arrived: Condvar::new(), bytes_max }
    }

    /// Puts `request` behind the others, or refuses it.
    pub(crate) fn push(&self, request: Request) {
        let mut waiting = self.waiting();
        let bytes = request.frame_bytes_max();
        let refusal = match &waiting.refusal {
            Some(refusal) => Some(refusal.clone()),
            None if waiting.bytes.saturating_add(bytes) > self.bytes_max => Some(LogError::Overloaded),
            None => None,
        };
        if let Some(refusal) = refusal {
            drop(waiting);
            request.refuse(refusal);
            return;
        }
        waiting.bytes += bytes;
        waiting.requests.push_back(request);
        let sleeps = waiting.sleeps;
        drop(waiting);
        if sleeps {
            self.arrived.notify_one();
        }
    }

    /// Waits for requests and takes them up to `bytes_max` bytes, at least one.
    pub(crate) fn take(&self, bytes_max: usize, patience: Option<Duration>) -> Taken {
        let mut waiting = self.waiting();
        while waiting.requests.is_empty() {
            if waiting.refusal.is_some() {
                return Taken::Closed;
            }
            waiting.sleeps = true;
            let Some(patience) = patience else {
                waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (guard, timeout) = self.arrived.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner);
            waiting = guard;
            if timeout.timed_out() && waiting.requests.is_empty() {
                waiting.sleeps = false;
                return Taken::Idle;
            }
        }
        waiting.sleeps = false;
        let mut batch = Vec::with_capacity(waiting.requests.len());
        let mut taken = 0;
        while let Some(request) = waiting.requests.front() {
            let bytes = request.frame_bytes_max();
            if !batch.is_empty() && taken + bytes > bytes_max {
                break;
            }
            taken += bytes;
            batch.extend(waiting.requests.pop_front());
        }
        waiting.bytes -= taken;
        Taken::Batch(batch)
    }

    /// Refuses what comes from now on; what waits is still taken.
    pub(crate) fn close(&self, refusal: LogError) {
        self.waiting().refusal.get_or_insert(refusal);
        self.arrived.notify_all();
    }

    /// Refuses what waits and what comes.
    pub(crate) fn fail(&self, refusal: &LogError) {
        let mut waiting = self.waiting();
        waiting.refusal = Some(refusal.clone());
        let requests = std::mem::take(&mut waiting.requests);
        waiting.bytes = 0;
        drop(waiting);
        self.arrived.notify_all();
        requests.into_iter().for_each(|request| request.refuse(refusal.clone()));
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
