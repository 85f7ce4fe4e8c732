//! HTTP/1.1 on a connection, and its memory while nothing happens on it.
//!
//! hyper keeps some tens of kilobytes for each connection that was used once: buffers for reading and writing. Clients keep
//! pools of them, thousands may wait, and most wait for long. So a connection on which nothing happened for a while is
//! *parked*: hyper is taken off and its buffers are given back; the next byte brings it on again. Owns when that may be:
//! between two requests, with every answer handed to the system. Refuses: HTTP/2, which has one connection for many
//! requests and state that outlives them.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1::{self, Connection};
use hyper::service::HttpService;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use types::Clock;

use super::held::Held;
use super::preface::Rewound;
use super::stall::StallGuard;

/// How long nothing must happen on a connection before it is parked. At first so short that thousands of connections that
/// are opened one after the other do not have their buffers at the same time; each time that it was in use, twice as long.
const PARK_AFTER: Duration = Duration::from_millis(50);
/// But no longer than this.
const PARK_AFTER_MAX: Duration = Duration::from_secs(1);

/// What all requests of one connection share.
pub(super) struct Parking<'a> {
    pub(super) held: &'a Arc<Held>,
    pub(super) clock: &'a Arc<dyn Clock>,
    /// Becomes true when the server stops: what is begun is finished, and no request is waited for.
    pub(super) stopping: watch::Receiver<bool>,
    /// How long a parked connection is kept.
    pub(super) patience: Duration,
    pub(super) settings: http1::Builder,
}

/// An IO as hyper is given it.
type Guarded<T> = StallGuard<TokioIo<Rewound<T>>>;

impl Parking<'_> {
    /// Answers requests with `answer` until the connection ends.
    pub(super) async fn serve<T, S, A, B>(&mut self, mut io: Rewound<T>, answer: A) -> io::Result<()>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        A: Fn() -> S,
        S: HttpService<Incoming, ResBody = B, Error = Infallible> + Unpin,
        S: hyper::service::Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
        B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + 'static,
    {
        loop {
            let guarded = StallGuard::new(TokioIo::new(io), self.clock.clone(), self.held.clone());
            // Apart, so that a parked connection has no room for it.
            let mut connection = Box::new(self.settings.serve_connection(guarded, answer()));
            if self.busy(&mut *connection).await? {
                return Ok(());
            }
            let http1::Parts { io: guarded, read_buf, .. } = connection.into_parts();
            io = Guarded::into_inner(guarded).into_inner();
            if read_buf.is_empty() {
                // An empty buffer has its memory all the same.
                drop(read_buf);
                match self.woken(io).await? {
                    Some(woken) => io = woken,
                    None => return Ok(()),
                }
            } else {
                // The beginning of a head; it is not parked again before there was a whole one.
                io = io.with(read_buf);
            }
        }
    }

    /// Serves until the connection ends (`true`), or can be parked.
    async fn busy<F>(&mut self, connection: &mut F) -> io::Result<bool>
    where
        F: Future<Output = hyper::Result<()>> + Unpin + Graceful,
    {
        let begun = self.held.requests();
        let mut quiet = PARK_AFTER;
        let mut stops = false;
        loop {
            let seen = self.held.requests();
            tokio::select! {
                biased;
                ended = &mut *connection => return ended.map(|()| true).map_err(io::Error::other),
                _ = self.stopping.wait_for(|stopping| *stopping), if !stops => {
                    stops = true;
                    Pin::new(&mut *connection).stop();
                }
                () = self.clock.sleep(quiet), if !stops => {
                    if seen > begun && seen == self.held.requests() && self.held.is_quiet() {
                        return Ok(false);
                    }
                    quiet = (2 * quiet).min(PARK_AFTER_MAX);
                }
            }
        }
    }

    /// Waits for the next byte; `None` when the client closed, the wait was too long, or the server stops.
    async fn woken<T: AsyncRead + Unpin>(&mut self, mut io: Rewound<T>) -> io::Result<Option<Rewound<T>>> {
        tokio::select! {
            biased;
            is_open = io.await_byte() => Ok(is_open?.then_some(io)),
            () = self.clock.sleep(self.patience) => Ok(None),
            _ = self.stopping.wait_for(|stopping| *stopping) => Ok(None),
        }
    }
}

/// A connection that can be told to end after the request that it is in.
trait Graceful {
    fn stop(self: Pin<&mut Self>);
}

impl<T, S, B> Graceful for Connection<T, S>
where
    S: HttpService<Incoming, ResBody = B>,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    T: hyper::rt::Read + hyper::rt::Write + Unpin,
    B: Body + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    fn stop(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}
