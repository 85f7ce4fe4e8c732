//! The wiring: opens the log, replays the commands into the domains, and joins the domains with each other.
//!
//! Owns: what is made from what, in which order it starts and stops. Refuses: HTTP, rules of the services.
//! Read `api/mod.rs` next for what the parts are called for.

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use analytics::Analytics;
use companions::cloudwatch::{self, CloudWatch, CloudWatchError};
use companions::dynamodb::{self, DynamoDb};
use delivery::{Buckets, BucketsConfig, Delivery};
use log::embedded::{EmbeddedConfig, EmbeddedLog};
use log::{CommandLog, Log, LogError};
use streams::{Streams, StreamsConfig};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::{AccountId, Applier, Clock, Domain, Random, Sleep, SystemClock, SystemRandom, Timestamp};

use crate::metrics::Metrics;

const TOKEN_SECRET_FILE: &str = "token-secret";

/// What an app is opened with; checked by `config` already.
#[derive(Debug)]
pub(crate) struct AppConfig {
    /// Holds everything that the server keeps.
    pub(crate) data_dir: PathBuf,
    /// The account that every key belongs to.
    pub(crate) account: AccountId,
    /// Moves damaged parts of the log aside instead of refusing to start.
    pub(crate) repair: bool,
    /// Where Firehose finds its buckets.
    pub(crate) buckets: BucketsConfig,
    /// How long changes of streams take, and quotas.
    pub(crate) streams: StreamsConfig,
    /// Added to the machine's clock, to see in a test what happens in five minutes or a day.
    pub(crate) clock_offset: Duration,
}

#[cfg(test)]
impl AppConfig {
    /// An app whose data and buckets are in `folder`.
    pub(crate) fn for_test(folder: &Path) -> Self {
        Self {
            data_dir: folder.into(),
            account: AccountId::parse("000000000000").unwrap(),
            repair: false,
            buckets: BucketsConfig::in_data_dir(folder),
            streams: StreamsConfig::default(),
            clock_offset: Duration::ZERO,
        }
    }
}

/// Why an app could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the log in {}: {source}{}", path.display(), advice(source))]
    Log { path: PathBuf, source: LogError },
    #[error("the secret in {}: {source}", path.display())]
    Secret { path: PathBuf, source: std::io::Error },
    #[error("Data Streams could not go on: {0}")]
    Streams(#[from] streams::StreamsError),
    #[error("the buckets: {0}")]
    Buckets(#[from] delivery::BucketsError),
    #[error("Firehose could not go on: {0}")]
    Delivery(#[from] delivery::DeliveryError),
    #[error("Analytics could not go on: {0}")]
    Analytics(#[from] analytics::AnalyticsError),
    #[error("the metrics could not be read: {0}")]
    CloudWatch(#[from] CloudWatchError),
}

/// What to do next, where there is something.
fn advice(error: &LogError) -> &'static str {
    match error {
        LogError::Corrupt { .. } => {
            "; restore the data from a copy, or start once with --repair: it moves what is damaged into quarantine/ and \
             goes on with the records behind it"
        }
        _ => "",
    }
}

/// Everything that answers requests.
pub(crate) struct App {
    pub(crate) streams: Streams,
    pub(crate) delivery: Delivery,
    pub(crate) analytics: Analytics,
    pub(crate) dynamodb: DynamoDb,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) account: AccountId,
    log: Arc<EmbeddedLog>,
    retention: JoinHandle<()>,
    measuring: JoinHandle<()>,
    scaling: JoinHandle<()>,
}

impl App {
    /// Recovers what the data directory holds and goes on with it.
    pub(crate) async fn open(config: AppConfig) -> Result<Arc<Self>, OpenError> {
        let clock: Arc<dyn Clock> = Arc::new(OffsetClock { ahead: config.clock_offset });
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let (log, token_secret) = open_files(&config, &*random).await?;

        let streams = Arc::<streams::Catalog>::default();
        let delivery = Arc::<delivery::Catalog>::default();
        let analytics = Arc::<analytics::Catalog>::default();
        let companions = Arc::<companions::Catalog>::default();
        let appliers: HashMap<Domain, Arc<dyn Applier>> = HashMap::from([
            (Domain::Streams, streams.clone() as Arc<dyn Applier>),
            (Domain::Delivery, delivery.clone() as Arc<dyn Applier>),
            (Domain::Analytics, analytics.clone() as Arc<dyn Applier>),
            (Domain::Companions, companions.clone() as Arc<dyn Applier>),
        ]);
        let replayed = CommandLog::open(log.clone(), clock.clone(), appliers).await;
        let commands = Arc::new(replayed.map_err(|source| OpenError::Log { path: log_dir(&config.data_dir), source })?);

        let streams = Streams::new(streams::Parts {
            catalog: streams,
            log: log.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            random: random.clone(),
            token_secret,
            config: config.streams.clone(),
        });
        streams.resume().await?;
        let delivery = Delivery::new(delivery::Parts {
            catalog: delivery,
            streams: streams.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            random: random.clone(),
            buckets: Buckets::open(config.buckets)?,
        });
        delivery.resume().await?;
        let analytics = Analytics::new(analytics::Parts {
            catalog: analytics,
            streams: streams.clone(),
            commands: commands.clone(),
            clock: clock.clone(),
            random: random.clone(),
        });
        analytics.resume().await?;
        let dynamodb = DynamoDb::new(dynamodb::Parts {
            tables: companions.tables.clone(),
            commands,
            clock: clock.clone(),
            random: random.clone(),
        });
        let parts = cloudwatch::Parts { log: log.clone(), clock: clock.clone(), limits: Default::default() };
        let cloudwatch = CloudWatch::open(parts).await?;
        let metrics = Arc::new(Metrics::new(clock.clone(), cloudwatch.clone()));
        let measuring = tokio::spawn(metrics.clone().run(streams.clone()));
        let trimmed = streams.clone();
        let retention = tokio::spawn(async move { trimmed.run_retention().await });
        let scaled = streams.clone();
        let scaling = tokio::spawn(async move { scaled.run_scaling().await });
        Ok(Arc::new(Self {
            streams,
            delivery,
            analytics,
            dynamodb,
            cloudwatch,
            metrics,
            clock,
            random,
            account: config.account,
            log,
            retention,
            measuring,
            scaling,
        }))
    }

    /// Becomes true when a write or flush failed: nothing more is acknowledged and the process should exit with 70.
    pub(crate) fn log_stopped(&self) -> watch::Receiver<bool> {
        self.log.stopped()
    }

    /// Bytes of records made durable since the start, and bytes of the files that hold records.
    pub(crate) fn stored(&self) -> (u64, u64) {
        (self.log.bytes_appended(), self.log.disk_bytes())
    }

    /// Stops consumers, then the log: applications write a last checkpoint, deliveries are stored, appends flushed.
    /// To be called when no request is in flight any more.
    pub(crate) async fn shutdown(&self) {
        self.retention.abort();
        self.measuring.abort();
        self.scaling.abort();
        self.analytics.shutdown().await;
        self.delivery.shutdown().await;
        self.metrics.flush().await;
        if let Err(error) = self.log.shutdown().await {
            tracing::error!(%error, "the log could not be flushed");
        }
    }
}

fn log_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("log")
}

/// The parts that read the disk before anything else can start.
async fn open_files(config: &AppConfig, random: &dyn Random) -> Result<(Arc<EmbeddedLog>, [u8; 32]), OpenError> {
    let secret_path = config.data_dir.join(TOKEN_SECRET_FILE);
    let token_secret =
        token_secret(&secret_path, random).map_err(|source| OpenError::Secret { path: secret_path, source })?;
    let path = log_dir(&config.data_dir);
    let log_config = EmbeddedConfig { repair: config.repair, ..EmbeddedConfig::at(&path) };
    let opened = tokio::task::spawn_blocking(move || EmbeddedLog::open(log_config)).await;
    let opened = opened.unwrap_or_else(|panicked| Err(LogError::Stopped(panicked.to_string())));
    let log = opened.map_err(|source| OpenError::Log { path, source })?;
    Ok((log, token_secret))
}

/// The key that authenticates iterators and page tokens: made once, so that they work across a restart.
fn token_secret(path: &Path, random: &dyn Random) -> std::io::Result<[u8; 32]> {
    match std::fs::read(path) {
        Ok(bytes) => bytes.try_into().map_err(|_| std::io::Error::other("it is not 32 bytes long; remove it")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let mut secret = [0; 32];
            random.fill(&mut secret);
            write_secret(path, &secret)?;
            Ok(secret)
        }
        Err(error) => Err(error),
    }
}

/// Written aside and renamed, so that a crash leaves no half secret.
fn write_secret(path: &Path, secret: &[u8]) -> std::io::Result<()> {
    let aside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    file.write_all(secret)?;
    file.sync_all()?;
    std::fs::rename(aside, path)
}

/// The machine's clock, moved.
struct OffsetClock {
    ahead: Duration,
}

impl Clock for OffsetClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().after(self.ahead)
    }

    fn sleep(&self, span: Duration) -> Sleep {
        SystemClock.sleep(span)
    }
}
