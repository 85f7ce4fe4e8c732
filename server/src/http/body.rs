//! Reading bodies: within a size, a time, and a budget that all requests share.
//!
//! The budget is taken as bytes arrive, not as a header announces them, so that holding it costs the sender as much
//! as it costs us. When it is used up, bodies wait for their turn, and their senders with them. Half-read bodies that wait
//! for each other would do so until their deadlines: so one at a time has its turn out of what is kept for it, is read to
//! its end, answered, and gives back all that it held.

use std::fmt::Display;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Body;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::Clock;

/// Bytes of all bodies that are being read or answered, but for the one that has its turn: sixteen of the largest, hundreds
/// of usual ones.
pub(crate) const BUDGET_BYTES: usize = 256 << 20;
/// How long a body waits for its turn.
const TURN_DEADLINE: Duration = Duration::from_secs(15);
/// How long the next bytes of a body may take.
const CHUNK_DEADLINE: Duration = Duration::from_secs(10);
/// How long a whole body may take.
const BODY_DEADLINE: Duration = Duration::from_secs(60);
/// First allocation for a body in pieces, whatever it claims to be.
const FIRST_ALLOCATION_BYTES_MAX: usize = 256 << 10;
/// A larger allocation is at most so many times what came already: a claim costs its sender a part of what it takes.
const ALLOCATION_GROWTH_MAX: usize = 4;
/// Most bytes read past to let the client finish sending, so that it reads the answer instead of a broken connection.
const DRAIN_BYTES_MAX: usize = 64 << 20;

/// The memory for bodies.
pub(super) struct BodyBudget {
    bytes: Arc<Semaphore>,
    /// One permit.
    turn: Arc<Semaphore>,
}

/// What a body holds of the budget, given back when it is dropped.
#[derive(Default)]
pub(super) struct Share {
    bytes: Option<OwnedSemaphorePermit>,
    /// It has its turn, and takes nothing more.
    turn: Option<OwnedSemaphorePermit>,
}

/// A body and its share of the budget, given back when it is dropped.
pub(super) struct Taken {
    pub(super) bytes: Bytes,
    _share: Share,
}

/// Why a body was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyError {
    /// Larger than allowed.
    TooLarge,
    /// It came too slowly.
    TooSlow,
    /// The budget is used up by other requests.
    Busy,
    /// The client went away or broke the protocol.
    Broken(String),
}

impl Taken {
    pub(super) fn new(bytes: Bytes, share: Share) -> Self {
        Self { bytes, _share: share }
    }
}

impl BodyBudget {
    pub(super) fn new() -> Self {
        Self::of(BUDGET_BYTES)
    }

    fn of(bytes: usize) -> Self {
        Self { bytes: Arc::new(Semaphore::new(bytes)), turn: Arc::new(Semaphore::new(1)) }
    }

    /// Reads a body of at most `bytes_max`.
    pub(super) async fn read<B>(&self, body: &mut B, bytes_max: usize, clock: &dyn Clock) -> Result<Taken, BodyError>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Display,
    {
        let deadline = clock.now().after(BODY_DEADLINE);
        let mut share = Share::default();
        let mut whole = Vec::new();
        let mut only: Option<Bytes> = None;
        while let Some(chunk) = next_chunk(body, clock).await? {
            if clock.now() > deadline {
                return Err(BodyError::TooSlow);
            }
            let length = whole.len() + only.as_ref().map_or(0, Bytes::len) + chunk.len();
            if length > bytes_max {
                return Err(BodyError::TooLarge);
            }
            self.wait(&mut share, chunk.len(), clock).await?;
            // A body that came in one piece is used where it is.
            match only.take() {
                None if whole.is_empty() => only = Some(chunk),
                first => {
                    let first = first.unwrap_or_default();
                    if whole.capacity() < length {
                        whole.reserve_exact(room_for(length, body.size_hint().upper(), bytes_max) - whole.len());
                    }
                    whole.extend_from_slice(&first);
                    whole.extend_from_slice(&chunk);
                }
            }
        }
        Ok(Taken::new(only.unwrap_or_else(|| whole.into()), share))
    }

    /// Makes a share of the budget larger, if there is something left of it.
    pub(super) fn grow(&self, share: &mut Share, bytes: usize) -> Result<(), BodyError> {
        if share.turn.is_some() {
            return Ok(());
        }
        let bytes = u32::try_from(bytes).map_err(|_| BodyError::TooLarge)?;
        share.add(self.bytes.clone().try_acquire_many_owned(bytes).map_err(|_| BodyError::Busy)?);
        Ok(())
    }

    /// As [`Self::grow`], but waits until something is left or it is this body's turn.
    async fn wait(&self, share: &mut Share, bytes: usize, clock: &dyn Clock) -> Result<(), BodyError> {
        match self.grow(share, bytes) {
            Err(BodyError::Busy) => {}
            outcome => return outcome,
        }
        let bytes = u32::try_from(bytes).map_err(|_| BodyError::TooLarge)?;
        tokio::select! {
            biased;
            more = self.bytes.clone().acquire_many_owned(bytes) => share.add(more.expect("it is never closed")),
            turn = self.turn.clone().acquire_owned() => share.turn = Some(turn.expect("it is never closed")),
            () = clock.sleep(TURN_DEADLINE) => return Err(BodyError::Busy),
        }
        Ok(())
    }
}

impl Share {
    fn add(&mut self, more: OwnedSemaphorePermit) {
        match &mut self.bytes {
            Some(bytes) => bytes.merge(more),
            None => self.bytes = Some(more),
        }
    }
}

/// How much to allocate for a body of which `length` bytes have come, `left` are announced and `bytes_max` are allowed: all of
/// it at once where that is a small multiple of what came, so that announcing much costs the sender something.
fn room_for(length: usize, left: Option<u64>, bytes_max: usize) -> usize {
    // A body that does not say how long it is doubles.
    let left = left.unwrap_or(length as u64);
    let expected = length + left.min((bytes_max - length) as u64) as usize;
    expected.min(FIRST_ALLOCATION_BYTES_MAX.max(length * ALLOCATION_GROWTH_MAX))
}

/// Reads past the rest of a body that nobody wants, within bounds.
pub(super) async fn drain<B>(body: &mut B, clock: &dyn Clock)
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    let deadline = clock.now().after(CHUNK_DEADLINE);
    let mut passed = 0;
    while !body.is_end_stream() && passed < DRAIN_BYTES_MAX && clock.now() < deadline {
        match next_chunk(body, clock).await {
            Ok(Some(chunk)) => passed += chunk.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

async fn next_chunk<B>(body: &mut B, clock: &dyn Clock) -> Result<Option<Bytes>, BodyError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Display,
{
    loop {
        // Set only for a chunk that has to be waited for.
        let mut alarm = None;
        let frame = poll_fn(|context| match Pin::new(&mut *body).poll_frame(context) {
            Poll::Ready(frame) => Poll::Ready(Ok(frame)),
            Poll::Pending => {
                let alarm = alarm.get_or_insert_with(|| clock.sleep(CHUNK_DEADLINE));
                alarm.as_mut().poll(context).map(|()| Err(BodyError::TooSlow))
            }
        });
        match frame.await? {
            None => return Ok(None),
            Some(Err(error)) => return Err(BodyError::Broken(error.to_string())),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(chunk) => return Ok(Some(chunk)),
                // Trailers mean nothing here.
                Err(_) => continue,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use futures_util::StreamExt as _;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;
    use types::SystemClock;

    use super::*;

    fn chunks(sizes: &[usize]) -> impl Body<Data = Bytes, Error = std::io::Error> + Unpin {
        let frames: VecDeque<_> = sizes.iter().map(|size| Ok(Frame::data(Bytes::from(vec![7; *size])))).collect();
        StreamBody::new(futures_util::stream::iter(frames))
    }

    #[tokio::test]
    async fn pieces_become_one_body() {
        let budget = BodyBudget::new();
        for sizes in [&[][..], &[5], &[1, 2, 3], &[0, 4, 0]] {
            let taken = budget.read(&mut chunks(sizes), 100, &SystemClock).await.unwrap();
            assert_eq!(taken.bytes, vec![7; sizes.iter().sum()]);
        }
        let taken = budget.read(&mut Full::new(Bytes::from_static(b"abc")), 3, &SystemClock).await.unwrap();
        assert_eq!(&taken.bytes[..], b"abc");
    }

    #[test]
    fn a_body_gets_as_much_room_as_its_sender_paid_for() {
        const ALL: usize = 16 << 20;
        assert_eq!(room_for(64 << 10, Some(36 << 10), ALL), 100 << 10, "all of a small one");
        assert_eq!(room_for(1, Some(ALL as u64 - 1), ALL), FIRST_ALLOCATION_BYTES_MAX, "a byte buys no megabytes");
        assert_eq!(room_for(1 << 20, Some(15 << 20), ALL), ALLOCATION_GROWTH_MAX << 20);
        assert_eq!(room_for(5 << 20, Some(u64::MAX), ALL), ALL, "never more than is allowed");
        assert_eq!(room_for(1 << 20, None, ALL), 2 << 20, "an unannounced one doubles");
    }

    #[tokio::test]
    async fn one_byte_too_many_is_refused() {
        let read = BodyBudget::new().read(&mut chunks(&[60, 41]), 100, &SystemClock).await;
        assert_eq!(read.err(), Some(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn the_budget_is_shared_and_given_back() {
        let budget = BodyBudget::of(100);
        let first = budget.read(&mut chunks(&[30, 30]), 100, &SystemClock).await.unwrap();
        let second = budget.read(&mut chunks(&[30, 30]), 100, &SystemClock).await.unwrap();
        assert!(second._share.turn.is_some(), "the second has its turn");
        let mut body = chunks(&[50]);
        let mut third = std::pin::pin!(budget.read(&mut body, 100, &SystemClock));
        assert!(futures_util::poll!(&mut third).is_pending(), "the third has to wait");
        drop(first);
        let third = third.await.unwrap();
        assert!(third._share.turn.is_none(), "it took what the first gave back");
        drop((second, third));
        assert_eq!((budget.bytes.available_permits(), budget.turn.available_permits()), (100, 1));
    }

    #[tokio::test]
    async fn bodies_that_are_half_read_do_not_wait_for_each_other() {
        let budget = Arc::new(BodyBudget::of(100));
        let read = |budget: Arc<BodyBudget>| async move {
            let pieces = futures_util::stream::iter(0..4).then(|_| async {
                tokio::task::yield_now().await;
                Ok::<_, std::io::Error>(Frame::data(Bytes::from(vec![7; 20])))
            });
            let mut body = StreamBody::new(Box::pin(pieces));
            budget.read(&mut body, 100, &SystemClock).await.map(|taken| taken.bytes.len())
        };
        let reads: Vec<_> = (0..50).map(|_| tokio::spawn(read(budget.clone()))).collect();
        for read in reads {
            assert_eq!(read.await.unwrap(), Ok(80));
        }
    }
}
