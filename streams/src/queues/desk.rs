//! The one place that changes a queue: a task that takes what receivers ask, in turn, and answers when the change is in
//! the journal. What comes in while a write is under way shares the next one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, oneshot, watch};
use types::{Epoch, Offset, Timestamp};

use super::Queue;
use super::journal::Journal;
use super::queue::QueueRef;
use super::settle::{QueueRefusal, Settlement};
use super::shelves::{Extent, Held, Place, Shelves, Step, Wanted};
use crate::service::Parts;
use crate::{Stream, Streams, StreamsError};

/// Requests that wait at a desk before others wait to be let in.
const WAITING_MAX: usize = 256;
/// Requests that share a write.
const TOGETHER_MAX: usize = 64;

type Reply<T> = oneshot::Sender<Result<T, StreamsError>>;
type Settled = Vec<Result<(), QueueRefusal>>;

/// What a receipt gave.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) records: Vec<(Place, Held)>,
    /// When there may be something to receive that is not there now.
    pub(super) next_due: Option<Timestamp>,
}

enum Ask {
    Receive(Wanted, Reply<Taken>),
    Settle(Vec<Result<Settlement, QueueRefusal>>, Reply<Settled>),
}

/// The way to a desk.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    asks: mpsc::Sender<Ask>,
    shown: watch::Receiver<u64>,
}

impl Desk {
    pub(super) async fn receive(&self, wanted: Wanted) -> Result<Taken, StreamsError> {
        self.ask(|reply| Ask::Receive(wanted, reply)).await
    }

    pub(super) async fn settle(&self, what: Vec<Result<Settlement, QueueRefusal>>) -> Result<Settled, StreamsError> {
        self.ask(|reply| Ask::Settle(what, reply)).await
    }

    async fn ask<T>(&self, ask: impl FnOnce(Reply<T>) -> Ask) -> Result<T, StreamsError> {
        let gone = || StreamsError::NotFound("The queue was deleted.".into());
        let (reply, answer) = oneshot::channel();
        self.asks.send(ask(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// Tells when something became visible by other means than time.
    pub(super) fn shown(&self) -> watch::Receiver<u64> {
        self.shown.clone()
    }
}

/// The desks of all queues that were asked something since the start.
#[derive(Debug, Default)]
pub(crate) struct Desks {
    open: Mutex<HashMap<Epoch, Desk>>,
}

impl Desks {
    fn open(&self) -> MutexGuard<'_, HashMap<Epoch, Desk>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes nothing any more for a queue that is gone.
    pub(super) fn close(&self, queue: Epoch) {
        self.open().remove(&queue);
    }
}

impl Streams {
    /// The desk of a queue; it reads the journal when it is asked first.
    pub(super) fn desk(&self, queue: &Queue) -> Result<Desk, StreamsError> {
        let current = self.queue(&queue.scope, &queue.name)?;
        if current.epoch != queue.epoch || !current.serves() {
            return Err(not_found(queue));
        }
        let mut open = self.desks.open();
        let desk = open.entry(queue.epoch).or_insert_with(|| {
            let (asks, waiting) = mpsc::channel(WAITING_MAX);
            let (show, shown) = watch::channel(0);
            let journal = Journal::new(&self.parts, queue.journal);
            let clerk = Clerk {
                parts: Arc::clone(&self.parts),
                of: QueueRef::to(queue),
                journal,
                shelves: None,
                show,
                turn: 0,
            };
            tokio::spawn(clerk.run(waiting));
            Desk { asks, shown }
        });
        Ok(desk.clone())
    }
}

fn not_found(queue: &Queue) -> StreamsError {
    StreamsError::NotFound(format!("Queue {} under account {} not found.", queue.name, queue.scope.account))
}

/// Sends the answer, or the error that came before it.
type Answer = Box<dyn FnOnce(Result<(), StreamsError>) + Send>;

fn answer<T: Send + 'static>(reply: Reply<T>, value: T) -> Answer {
    // A receiver that went away does not want it; what it received is visible again in time.
    Box::new(move |written| _ = reply.send(written.map(|()| value)))
}

/// Whether something is visible on a shelf before anything was.
fn is_earlier(before: [Option<Timestamp>; 2], now: [Option<Timestamp>; 2]) -> bool {
    let earlier = |(before, now): (Option<Timestamp>, Option<Timestamp>)| {
        now.is_some_and(|now| before.is_none_or(|before| now < before))
    };
    before.into_iter().zip(now).any(earlier)
}

/// Who works at the desk.
struct Clerk {
    parts: Arc<Parts>,
    of: QueueRef,
    journal: Journal,
    /// `None` before the first request, and after a write that failed: the journal knows better than the memory then.
    shelves: Option<Shelves>,
    show: watch::Sender<u64>,
    /// The shard that the next receive looks at first.
    turn: usize,
}

impl Clerk {
    async fn run(mut self, mut asks: mpsc::Receiver<Ask>) {
        let mut together = Vec::new();
        while asks.recv_many(&mut together, TOGETHER_MAX).await > 0 {
            let (mut answers, mut steps) = (Vec::new(), Vec::new());
            let before = self.first_due();
            let done = self.serve(together.drain(..), &mut answers, &mut steps).await;
            if let Err(error) = &done {
                tracing::warn!(%error, queue = %self.of.name, "a queue could not do what its receivers asked");
                self.shelves = None;
            }
            answers.into_iter().for_each(|answer: Answer| answer(done.clone()));
            if is_earlier(before, self.first_due()) {
                self.show.send_modify(|count| *count += 1);
            }
            self.tidy().await;
        }
    }

    async fn serve(
        &mut self,
        asks: impl Iterator<Item = Ask>,
        answers: &mut Vec<Answer>,
        steps: &mut Vec<Step>,
    ) -> Result<(), StreamsError> {
        let (found, loaded) = (self.find(), self.load().await);
        let ready = found.and_then(|found| loaded.map(|()| found));
        let now = self.parts.clock.now();
        for ask in asks {
            answers.push(match (ask, &ready) {
                (Ask::Receive(wanted, reply), Ok((queue, stream))) => {
                    answer(reply, self.receive(queue, stream, wanted, steps))
                }
                (Ask::Settle(what, reply), Ok(_)) => answer(reply, self.settle(what, now, steps)),
                (Ask::Receive(_, reply), Err(_)) => answer(reply, Taken { records: Vec::new(), next_due: None }),
                (Ask::Settle(_, reply), Err(_)) => answer(reply, Vec::new()),
            });
        }
        ready?;
        if !steps.is_empty() {
            self.journal.append(steps).await?;
        }
        Ok(())
    }

    /// The queue as it is now, and its stream. Nothing is written for a queue that is gone: its journal is dropped.
    fn find(&self) -> Result<(Arc<Queue>, Arc<Stream>), StreamsError> {
        let state = self.parts.catalog.current();
        let queue = state.queue(&self.of.scope, &self.of.name);
        let queue = queue.filter(|queue| queue.epoch == self.of.epoch && queue.serves());
        let stream = queue.and_then(|queue| state.by_epoch(queue.stream.epoch));
        queue.cloned().zip(stream.cloned()).ok_or_else(|| {
            StreamsError::NotFound(format!("Queue {} under account {} not found.", self.of.name, self.of.scope.account))
        })
    }

    fn first_due(&self) -> [Option<Timestamp>; 2] {
        self.shelves.as_ref().map_or([None; 2], Shelves::first_due)
    }

    async fn load(&mut self) -> Result<(), StreamsError> {
        if self.shelves.is_none() {
            self.shelves = Some(self.journal.load().await?);
        }
        Ok(())
    }

    fn receive(&mut self, queue: &Queue, stream: &Stream, wanted: Wanted, steps: &mut Vec<Step>) -> Taken {
        let Some(shelves) = &mut self.shelves else { return Taken { records: Vec::new(), next_due: None } };
        self.turn = self.turn.wrapping_add(1);
        let (late, early) = stream.shards.split_at(self.turn % stream.shards.len().max(1));
        let log = &self.parts.log;
        let extents = early.iter().chain(late).filter_map(|shard| {
            let bounds = log.bounds(shard.partition)?;
            Some(Extent { shard: shard.id, start: bounds.start, end: bounds.end })
        });
        let records = shelves.receive(queue, wanted, extents, steps);
        Taken { records, next_due: shelves.next_due(wanted.shelf, wanted.now) }
    }

    fn settle(
        &mut self,
        what: Vec<Result<Settlement, QueueRefusal>>,
        now: Timestamp,
        steps: &mut Vec<Step>,
    ) -> Settled {
        let Some(shelves) = &mut self.shelves else { return Vec::new() };
        what.into_iter().map(|what| shelves.settle(&what?, now, steps)).collect()
    }

    /// Keeps the journal short, and the shelves free of what the stream does not retain any more.
    async fn tidy(&mut self) {
        let Some(shelves) = &mut self.shelves else { return };
        if !self.journal.is_long(shelves.size()) {
            return;
        }
        let Ok((_, stream)) = self.find() else { return };
        let Some(shelves) = &mut self.shelves else { return };
        let starts: HashMap<_, _> = stream
            .shards
            .iter()
            .map(|shard| (shard.id, self.parts.log.bounds(shard.partition).map_or(Offset::ZERO, |bounds| bounds.start)))
            .collect();
        shelves.purge(|(shard, offset)| starts.get(&shard).is_some_and(|start| offset >= *start));
        let state = shelves.restate();
        if let Err(error) = self.journal.restate(&state).await {
            tracing::warn!(%error, queue = %self.of.name, "a queue's journal stays long");
        }
    }
}
