//! HTTP/1.1 and HTTP/2, with and without TLS: accepts connections and stops them in order.
//!
//! Owns: sockets, their limits and the graceful stop. Refuses: what a request means. Read `connection.rs` next for what
//! is spoken on a socket, `request.rs` for the order of checks, `body.rs` and `held.rs` for how much memory a stranger
//! can make us use.

mod address;
mod body;
mod connection;
mod gzip;
mod held;
mod linger;
mod park;
mod preface;
mod reply_body;
mod request;
mod response;
mod stall;
mod tls;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use crate::app::App;
use crate::auth::Keys;
pub(crate) use body::BUDGET_BYTES as BODIES_BYTES;
use connection::Door;
use request::Front;
pub(crate) use tls::{Tls, TlsError, TlsFiles, self_signed};

/// Connections at a time where the limit of open files is not known.
const CONNECTIONS_DEFAULT: usize = 4096;
/// Most connections at a time, whatever the limit of open files is; an idle one costs some kilobytes.
const CONNECTIONS_MAX: usize = 65_536;
/// How long requests in flight get after the stop.
const GRACE: Duration = Duration::from_secs(30);
/// The pause after a failed accept, so that running out of files does not become a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers requests until `stop`: then no new connections or requests, those in flight are answered, and it returns.
/// With `tls`, plain text is answered on loopback only.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    keys: Arc<Keys>,
    tls: Option<Arc<Tls>>,
    stop: impl Future<Output = ()>,
) {
    let clock = app.clock.clone();
    let (metrics, streams) = (app.metrics.clone(), app.streams.clone());
    let (stop_all, stopping) = watch::channel(false);
    let front = Arc::new(Front::new(app, keys, stopping.clone()));
    let door = Arc::new(Door { front, tls, clock: clock.clone(), stopping });
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
                let (door, watcher, counted) = (door.clone(), graceful.watcher(), metrics.connection());
                tokio::spawn(async move {
                    door.serve(stream, watcher).await;
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
    stop_all.send_replace(true);
    streams.end_subscriptions();
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

#[cfg(test)]
mod tests;
