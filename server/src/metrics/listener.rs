//! The listener for operators: `/metrics` and `/health`, without signatures and so on an address of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use types::{Clock, SystemClock};

use super::exposition;
use crate::app::App;

/// Scrapers at a time; each takes one connection.
const CONNECTIONS_MAX: usize = 16;
/// How long a connection may be silent.
const HEAD_DEADLINE: Duration = Duration::from_secs(75);
/// How long one may last, however slowly it reads.
const CONNECTION_MAX: Duration = Duration::from_secs(3600);
/// The pause after a failed accept.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where the app is put once it has recovered; empty until then.
pub(crate) type Readiness = Arc<OnceLock<Arc<App>>>;

/// A listener that serves until it is dropped.
pub(crate) struct MetricsListener {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl MetricsListener {
    /// Serves on what `listener` accepts: `/health` from now on, `/metrics` once `ready` holds the app.
    pub(crate) fn start(listener: TcpListener, ready: Readiness) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        Ok(Self { address, task: tokio::spawn(serve(listener, ready)) })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for MetricsListener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, ready: Readiness) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let slot = connections.clone().acquire_owned().await.expect("the semaphore is never closed");
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "could not accept a connection for metrics");
                SystemClock.sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let ready = ready.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let ready = ready.clone();
                async move { Ok::<_, Infallible>(answer(&request, &ready).await) }
            });
            let served = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_DEADLINE)
                .serve_connection(TokioIo::new(stream), service);
            tokio::select! {
                _ended = served => {}
                () = SystemClock.sleep(CONNECTION_MAX) => {}
            }
            drop(slot);
        });
    }
}

async fn answer<B>(request: &Request<B>, ready: &Readiness) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return plain(StatusCode::METHOD_NOT_ALLOWED, "only GET\n");
    }
    match (request.uri().path(), ready.get()) {
        ("/health" | "/metrics", None) => plain(StatusCode::SERVICE_UNAVAILABLE, "recovering\n"),
        ("/health", Some(app)) if *app.log_stopped().borrow() => {
            plain(StatusCode::SERVICE_UNAVAILABLE, "the log has stopped\n")
        }
        ("/health", Some(_)) => plain(StatusCode::OK, "ok\n"),
        ("/metrics", Some(app)) => {
            let mut response = plain(StatusCode::OK, exposition::text(app).await);
            let content_type = HeaderValue::from_static(exposition::CONTENT_TYPE);
            response.headers_mut().insert(header::CONTENT_TYPE, content_type);
            response
        }
        _ => plain(StatusCode::NOT_FOUND, "there are /metrics and /health\n"),
    }
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
