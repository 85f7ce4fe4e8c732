//! One connection: TLS or not, HTTP/1.1 or HTTP/2, their limits, and the end of both.
//!
//! Read `preface.rs` for how the two versions are told apart, `stall.rs` and `held.rs` for clients that do not read.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, Watcher};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use types::Clock;

use super::held::Held;
use super::linger::Linger;
use super::park::Parking;
use super::preface::{Rewound, is_http2};
use super::request::{self, Front};
use super::stall::StallGuard;
use super::tls::Tls;
use crate::auth::Peer;

/// How long a connection may take for a request's head, the wait for its first byte included, so that it is also how
/// long an unused connection is kept: longer than the minute after which the SDK for Java gives one up, so that the
/// server does not close what a client is about to use.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);
/// Most bytes of a request's head; session tokens are the largest thing in one, some kilobytes.
pub(super) const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes read at once. The number of headers is bounded by hyper, at 100.
const BUFFER_BYTES_MAX: usize = 256 << 10;
/// How long a TLS handshake may take.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);

/// Requests at a time on a connection of HTTP/2; the SDK for Java opens more connections when it needs more.
const STREAMS_MAX: u32 = 256;
/// Bytes that a client may send of a body before we took any: enough for a fast network, and bodies are taken as they
/// come.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// The same for all bodies of a connection.
const CONNECTION_WINDOW_BYTES: u32 = 4 << 20;
/// Larger frames than the least that HTTP/2 allows: batches of records are megabytes.
const FRAME_BYTES_MAX: u32 = 64 << 10;
/// Bytes of an answer that are queued for a client whose window is shut.
const SEND_BUFFER_BYTES: usize = 512 << 10;
/// How often a connection of HTTP/2 is asked whether its client still lives, and how long it may think about it.
const PING_EVERY: Duration = Duration::from_secs(30);
const PING_DEADLINE: Duration = Duration::from_secs(20);

/// What every connection shares.
pub(super) struct Door {
    pub(super) front: Arc<Front>,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) clock: Arc<dyn Clock>,
    /// Becomes true when the server stops.
    pub(super) stopping: watch::Receiver<bool>,
}

impl Door {
    /// Serves a connection until it ends; a graceful stop lets it finish the requests that it is in.
    pub(super) async fn serve(&self, stream: TcpStream, watcher: Watcher) {
        // Answers are written whole; waiting for more to send would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        if let Err(error) = self.greet(stream, watcher).await {
            tracing::debug!(%error, "connection ended");
        }
    }

    async fn greet(&self, mut stream: TcpStream, watcher: Watcher) -> io::Result<()> {
        let peer = Peer { ip: stream.peer_addr().ok().map(|address| address.ip()), is_secure: false };
        let Some(tls) = &self.tls else { return self.speak(stream, peer, watcher).await };
        let mut first = [0];
        if self.within(HEAD_DEADLINE, stream.peek(&mut first)).await? == 0 {
            return Ok(());
        }
        if first == [HANDSHAKE] {
            let accept = TlsAcceptor::from(tls.config()).accept(stream);
            let stream = self.within(HANDSHAKE_DEADLINE, accept).await?;
            return self.speak(stream, Peer { is_secure: true, ..peer }, watcher).await;
        }
        // What stays on this machine is as private without TLS, so local tools need no certificate.
        if stream.peer_addr()?.ip().to_canonical().is_loopback() {
            return self.speak(stream, peer, watcher).await;
        }
        stream.write_all(TLS_ONLY).await
    }

    /// Runs what has to be done before the first request, in time and not into a stop.
    async fn within<T>(&self, span: Duration, step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            biased;
            done = step => done,
            () = self.clock.sleep(span) => Err(io::ErrorKind::TimedOut.into()),
            _ = stopping.wait_for(|stopping| *stopping) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn speak<T>(&self, io: T, peer: Peer, watcher: Watcher) -> io::Result<()>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let (is_http2, io) = self.within(HEAD_DEADLINE, is_http2(io)).await?;
        let held = Arc::new(Held::new(self.clock.clone()));
        let served = self.answering(io, is_http2, peer, held.clone(), watcher);
        tokio::select! {
            served = served => served,
            () = held.stalled() => Err(io::Error::other("the client does not read its answers")),
        }
    }

    async fn answering<T>(
        &self,
        io: Rewound<T>,
        is_http2: bool,
        peer: Peer,
        held: Arc<Held>,
        watcher: Watcher,
    ) -> io::Result<()>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let service = || {
            let (front, held) = (self.front.clone(), held.clone());
            service_fn(move |mut request: Request<Incoming>| {
                let (front, held, begun) = (front.clone(), held.clone(), held.begin());
                request.extensions_mut().insert(peer);
                async move {
                    let answer = request::answer(&front, &held, request).await;
                    drop(begun);
                    Ok::<_, Infallible>(answer)
                }
            })
        };
        if is_http2 {
            let io = StallGuard::new(TokioIo::new(io), self.clock.clone(), held.clone());
            let io = Linger::new(io, self.clock.clone());
            return watch(watcher, http2_settings().serve_connection(io, service())).await.map_err(io::Error::other);
        }
        let mut parking = Parking {
            held: &held,
            clock: &self.clock,
            stopping: self.stopping.clone(),
            patience: HEAD_DEADLINE,
            settings: http1_settings(),
        };
        let served = parking.serve(io, service).await;
        // A stop waits until it is dropped.
        drop(watcher);
        served
    }
}

/// The first byte of every TLS connection: the type of the record that a handshake comes in.
const HANDSHAKE: u8 = 0x16;
const TLS_ONLY: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-type: text/plain\r\n\
    content-length: 40\r\n\r\nThis port speaks TLS; use an https URL.\n";

fn watch<C: GracefulConnection>(watcher: Watcher, connection: C) -> impl Future<Output = C::Output> {
    watcher.watch(connection)
}

fn http1_settings() -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(BUFFER_BYTES_MAX);
    builder
}

/// Floods of resets and of headers are bounded by hyper's defaults.
fn http2_settings() -> http2::Builder<TokioExecutor> {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX as u32)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_frame_size(FRAME_BYTES_MAX)
        .max_send_buf_size(SEND_BUFFER_BYTES)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_DEADLINE);
    builder
}
