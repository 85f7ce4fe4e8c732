//! One server from a checked configuration: keys, socket, app, in the order in which they can fail cheaply. `serve`
//! and the demo both start this one.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use delivery::{BucketsConfig, S3Config};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use types::{Clock, SystemClock, SystemRandom};

use super::endpoint::EndpointFile;
use super::{Error, Stop};
use crate::app::{App, AppConfig, OpenError};
use crate::auth::Keys;
use crate::config::{self, Buckets, Config, TlsChoice};
use crate::http::{self, Tls, TlsError, TlsFiles, self_signed};
use crate::keys::{self, KeyPair, KeySource, KeysError};
use crate::metrics::{MetricsListener, Readiness};

/// Moves the server's clock ahead, for tests of what happens in five minutes or a day.
const CLOCK_OFFSET_VARIABLE: &str = "THALWEG_TEST_CLOCK_OFFSET_SECONDS";

/// Makes the log's segments shorter, for tests of what happens between two of them.
const SEGMENT_BYTES_VARIABLE: &str = "THALWEG_TEST_SEGMENT_BYTES";

/// How long requests in flight get to hear that the log has stopped.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A server that listens and is open, but answers nobody yet.
pub(crate) struct Server {
    listener: TcpListener,
    app: Arc<App>,
    keys: Arc<Keys>,
    key_source: KeySource,
    tls: Option<Arc<Tls>>,
    url: String,
    pair: KeyPair,
    is_new_pair: bool,
    metrics: Option<MetricsListener>,
    _endpoint: EndpointFile,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("cannot listen on {address}: {source}{hint}")]
    Listen { address: SocketAddr, source: std::io::Error, hint: &'static str },
    #[error("cannot use the data directory {}: {source}", path.display())]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error("TLS: {0}")]
    Tls(#[from] TlsError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Limits(#[from] config::LimitsError),
    #[error("{CLOCK_OFFSET_VARIABLE}={0:?} is not a number of seconds")]
    ClockOffset(String),
    #[error("{SEGMENT_BYTES_VARIABLE}={0:?} is not a number of bytes")]
    SegmentBytes(String),
}

impl Server {
    /// Binds, finds or makes the key pair, recovers the log.
    pub(crate) async fn open(config: &Config) -> Result<Self, StartError> {
        let data_dir = &config.data_dir.value;
        let data_dir_error = |source| StartError::DataDir { path: data_dir.clone(), source };
        keys::create_data_dir(data_dir).map_err(data_dir_error)?;
        let listener = bind(config.listen.value).await?;
        let tls = open_tls(config)?;
        let ready = Readiness::default();
        let metrics = match config.metrics_listen.value {
            Some(address) => Some(MetricsListener::start(bind(address).await?, ready.clone()).map_err(data_dir_error)?),
            None => None,
        };
        let found = keys::find_or_make(data_dir, |name| std::env::var(name).ok(), &SystemRandom)?;
        let app = App::open(app_config(config)?).await?;
        // Nobody else fills it.
        let _first = ready.set(app.clone());
        let url = config::endpoint_url(listener.local_addr().map_err(data_dir_error)?, &config.tls.value);
        let endpoint = EndpointFile::publish(data_dir, &url).map_err(data_dir_error)?;
        let key_source = KeySource {
            data_dir: data_dir.clone(),
            environment: keys::from_environment(|name| std::env::var(name).ok())?,
            account: config.account.value.clone(),
        };
        let keys = Arc::new(keys_for(config.dev.value, &key_source)?);
        Ok(Self {
            listener,
            app,
            keys,
            key_source,
            tls,
            url,
            pair: found.pair,
            is_new_pair: found.is_new,
            metrics,
            _endpoint: endpoint,
        })
    }

    /// Where a client on this machine reaches it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Where metrics are told, if they are.
    pub(crate) fn metrics_url(&self) -> Option<String> {
        let address = self.metrics.as_ref()?.address();
        Some(format!("{}/metrics", config::endpoint_url(address, &TlsChoice::Off)))
    }

    /// Tells, for as long as the server runs and after, what [`App::stored`] tells.
    pub(crate) fn meter(&self) -> impl Fn() -> (u64, u64) + Send + Sync + 'static {
        let app = self.app.clone();
        move || app.stored()
    }

    /// The pair that requests are signed with.
    pub(crate) fn pair(&self) -> &KeyPair {
        &self.pair
    }

    /// The pair, if this start made it.
    pub(crate) fn new_pair(&self) -> Option<&KeyPair> {
        self.is_new_pair.then_some(&self.pair)
    }

    /// Answers requests until `stop`; then no new ones, those in flight answered, everything flushed. If the log stops,
    /// those in flight hear of it, and nothing is flushed: what was not durable then never was acknowledged.
    pub(crate) async fn run(self, stop: Stop) -> Result<(), Error> {
        let log_stopped = until_true(self.app.log_stopped());
        // It changes nothing but the keys, so the end of the process may come at any point of it.
        tokio::spawn(keys::keep_current(self.key_source, self.keys.clone(), self.app.clock.clone()));
        let answering = http::serve(self.listener, self.app.clone(), self.keys, self.tls.clone(), stop.asked());
        let answering = beside(answering, self.tls);
        tokio::pin!(answering, log_stopped);
        tokio::select! {
            () = &mut answering => {}
            () = &mut log_stopped => {
                stop.ask();
                tokio::select! {
                    () = answering => {}
                    () = SystemClock.sleep(LAST_ANSWERS) => {}
                }
                return Err(abandon(self.app));
            }
        }
        tokio::select! {
            () = self.app.shutdown() => {}
            () = log_stopped => return Err(abandon(self.app)),
        }
        Ok(())
    }
}

/// Leaves the app as it is: dropping its log waits for the log's threads, and one may hang on the disk that failed.
fn abandon(app: Arc<App>) -> Error {
    std::mem::forget(app);
    Error::LogStopped
}

/// Runs `answering` and reloads the certificate meanwhile.
async fn beside(answering: impl Future<Output = ()>, tls: Option<Arc<Tls>>) {
    let Some(tls) = tls else { return answering.await };
    tokio::select! {
        () = answering => {}
        () = tls.keep_fresh(&SystemClock) => {}
    }
}

/// Reads the certificate that the configuration names, or makes one.
fn open_tls(config: &Config) -> Result<Option<Arc<Tls>>, TlsError> {
    let files = match &config.tls.value {
        TlsChoice::Off => return Ok(None),
        TlsChoice::Files { cert, key } => TlsFiles { cert: cert.clone(), key: key.clone() },
        TlsChoice::SelfSigned => {
            let host = sysinfo::System::host_name().ok();
            self_signed::make(&config.data_dir.value, config.listen.value.ip(), host, SystemClock.now())?
        }
    };
    Ok(Some(Arc::new(Tls::open(files)?)))
}

async fn until_true(mut receiver: watch::Receiver<bool>) {
    if receiver.wait_for(|value| *value).await.is_err() {
        // It was closed in order and can never be true.
        std::future::pending().await
    }
}

/// Who may sign. The configuration has made sure that `dev` listens on loopback only.
fn keys_for(dev: bool, source: &KeySource) -> Result<Keys, KeysError> {
    let identities = source.load()?;
    if dev {
        tracing::warn!("--dev: any credentials are accepted");
        return Ok(Keys::any(identities));
    }
    Ok(Keys::new(identities))
}

/// What `app.rs` opens, from what `config` checked.
fn app_config(config: &Config) -> Result<AppConfig, StartError> {
    Ok(AppConfig {
        data_dir: config.data_dir.value.clone(),
        account: config.account.value.clone(),
        repair: config.repair.value,
        buckets: buckets_config(config.buckets.value.clone()),
        master_keys: config.master_keys.value.clone(),
        environment: |name| std::env::var(name).ok(),
        streams: config::streams_config(&config.limits.value, config.transition_ms.value)?,
        clock_offset: clock_offset(std::env::var(CLOCK_OFFSET_VARIABLE).ok())?,
        segment_bytes: segment_bytes(std::env::var(SEGMENT_BYTES_VARIABLE).ok())?,
    })
}

/// The one place where the configuration's buckets become delivery's.
fn buckets_config(buckets: Buckets) -> BucketsConfig {
    match buckets {
        Buckets::Local { root } => BucketsConfig::Local(root),
        Buckets::S3(bucket) => {
            let (access_key_id, secret_access_key) = bucket.key_pair.unzip();
            BucketsConfig::S3(S3Config {
                endpoint: bucket.endpoint,
                region: bucket.region,
                access_key_id,
                secret_access_key,
                allow_http: bucket.allow_http,
                virtual_hosted_style: bucket.virtual_hosted_style,
            })
        }
    }
}

fn clock_offset(variable: Option<String>) -> Result<Duration, StartError> {
    let Some(text) = variable else { return Ok(Duration::ZERO) };
    let seconds = text.parse().map_err(|_| StartError::ClockOffset(text))?;
    tracing::warn!(seconds, "the clock is ahead, as {CLOCK_OFFSET_VARIABLE} says");
    Ok(Duration::from_secs(seconds))
}

fn segment_bytes(variable: Option<String>) -> Result<Option<u64>, StartError> {
    let Some(text) = variable else { return Ok(None) };
    let bytes = text.parse().map_err(|_| StartError::SegmentBytes(text))?;
    tracing::warn!(bytes, "segments have another length, as {SEGMENT_BYTES_VARIABLE} says");
    Ok(Some(bytes))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    listen(address).map_err(|source| {
        let hint = match source.kind() {
            std::io::ErrorKind::AddrInUse => "; another server runs there, choose a port with --listen, 0 for any",
            std::io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges",
            _ => "",
        };
        StartError::Listen { address, source, hint }
    })
}

/// As `TcpListener::bind`, but a storm of connections waits here instead of being dropped: a client notices a dropped
/// one only after a second.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    const BACKLOG: u32 = 4096;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the last connections of the one before to be forgotten.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}
