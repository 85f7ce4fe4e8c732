//! HTTP/1.1: accepts connections and stops them in order.
//!
//! Owns: sockets, their limits and the graceful stop. Refuses: what a request means. Read `request.rs` next for the
//! order of checks, `body.rs` for how much memory a stranger can make us use.

mod address;
mod body;
mod gzip;
mod reply_body;
mod request;
mod response;
mod stall;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use types::Clock;

use crate::app::App;
use crate::auth::Keys;
use request::Front;
use stall::StallGuard;

/// Connections at a time where the limit of open files is not known.
const CONNECTIONS_DEFAULT: usize = 4096;
/// Most connections at a time, whatever the limit of open files is; an idle one costs some kilobytes.
const CONNECTIONS_MAX: usize = 65_536;
/// How long a connection may take for a request's head, the wait for its first byte included, so that it is also how
/// long an unused connection is kept: longer than the minute after which the SDK for Java gives one up, so that the
/// server does not close what a client is about to use.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);
/// Most bytes of a request's head; session tokens are the largest thing in one, some kilobytes.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Most bytes read at once. The number of headers is bounded by hyper, at 100.
const BUFFER_BYTES_MAX: usize = 256 << 10;
/// How long requests in flight get after the stop.
const GRACE: Duration = Duration::from_secs(30);
/// The pause after a failed accept, so that running out of files does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until `stop`: then no new connections or requests, those in flight are answered, and it returns.
pub(crate) async fn serve(listener: TcpListener, app: Arc<App>, keys: Arc<Keys>, stop: impl Future<Output = ()>) {
    let clock = app.clock.clone();
    let metrics = app.metrics.clone();
    let front = Arc::new(Front::new(app, keys));
    let connections = Arc::new(Semaphore::new(connections_max()));
    let graceful = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let slot = connections.clone().acquire_owned();
        let accepted = async {
            let slot = slot.await.expect("the semaphore is never closed");
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            biased;
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let served = connection(stream, front.clone(), &graceful, clock.clone());
                let counted = metrics.connection();
                tokio::spawn(async move {
                    served.await;
                    drop((slot, counted));
                });
            }
            Err(error) => {
                // A client that gave up is no reason to pause, but it is not told apart from a lack of files by all
                // systems, and a tenth of a second harms nobody.
                tracing::warn!(%error, "could not accept a connection");
                clock.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Closed first: who connects now is refused at once instead of waiting for nothing.
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = clock.sleep(GRACE) => tracing::warn!("requests still in flight were cut off"),
    }
}

/// Three quarters of the open files that this process may have, so that the log and deliveries never lack one; further
/// clients wait in the listener's backlog.
fn connections_max() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    open_files_max(&limits).map_or(CONNECTIONS_DEFAULT, |files| (files / 4 * 3).clamp(1, CONNECTIONS_MAX))
}

/// The soft limit in the text of Linux's `/proc/self/limits`.
fn open_files_max(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Serves one connection until it ends; a graceful stop lets it finish the request it is in.
fn connection(
    stream: TcpStream,
    front: Arc<Front>,
    graceful: &GracefulShutdown,
    clock: Arc<dyn Clock>,
) -> impl Future<Output = ()> + Send + 'static {
    // Answers are written whole; waiting for more to send would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request| {
        let front = front.clone();
        async move { Ok::<_, std::convert::Infallible>(request::answer(&front, request).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_header_size(HEAD_BYTES_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(StallGuard::new(TokioIo::new(stream), clock), service);
    let served = graceful.watch(served);
    async move {
        if let Err(error) = served.await {
            tracing::debug!(%error, "connection ended");
        }
    }
}

#[cfg(test)]
mod tests;
