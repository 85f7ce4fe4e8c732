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
use log::embedded::{EmbeddedConfig, EmbeddedLog, Scrubbed};
use log::{CommandLog, Log, LogError, Space};
use streams::{Streams, StreamsConfig};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use types::{AccountId, Applier, Clock, Domain, Random, Sleep, SystemClock, SystemRandom, Timestamp};

use crate::cli::{own_name, quoted};
use crate::master_keys::{LocalMasterKeys, Lookup, MasterKeysError};
use crate::metrics::Metrics;

const TOKEN_SECRET_FILE: &str = "token-secret";
/// What may wait for the disk. What clients put stands in the bodies of their requests, whose bytes `http` bounds, so a put
/// waits there for its turn and is not refused here; this is for everything else.
const LOG_QUEUE_BYTES: usize = 2 * crate::http::BODIES_BYTES;

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
    /// The file of master keys; one in the data directory without.
    pub(crate) master_keys: Option<PathBuf>,
    /// The environment, which may hold master keys.
    pub(crate) environment: Lookup,
    /// Added to the machine's clock, to see in a test what happens in five minutes or a day.
    pub(crate) clock_offset: Duration,
    /// Another length of the log's segments than the default, to see in a test what happens between them.
    pub(crate) segment_bytes: Option<u64>,
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
            master_keys: None,
            environment: |_| None,
            clock_offset: Duration::ZERO,
            segment_bytes: None,
        }
    }
}

/// Why an app could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("the log in {}: {source}{}", path.display(), advice(path, source))]
    Log { path: PathBuf, source: LogError },
    #[error("the secret in {}: {source}", path.display())]
    Secret { path: PathBuf, source: std::io::Error },
    #[error("the master keys: {0}")]
    MasterKeys(#[from] MasterKeysError),
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
fn advice(log_dir: &Path, error: &LogError) -> String {
    let LogError::Corrupt { .. } = error else { return String::new() };
    let data_dir = quoted(&log_dir.parent().unwrap_or(log_dir).display().to_string());
    let name = own_name();
    format!(
        "; restore the data from a copy, or see all that is damaged with `{name} verify --data-dir {data_dir}`, what a \
         repair would lose with `{name} repair --data-dir {data_dir} --dry-run`, and repair it without --dry-run"
    )
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
    /// What runs beside the requests until the stop.
    background: Vec<JoinHandle<()>>,
}

impl App {
    /// Recovers what the data directory holds and goes on with it.
    pub(crate) async fn open(config: AppConfig) -> Result<Arc<Self>, OpenError> {
        let clock: Arc<dyn Clock> = Arc::new(OffsetClock { ahead: config.clock_offset });
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let (log, token_secret, master_keys) = open_files(&config, &random).await?;

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
            master_keys,
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
        let background = start_background(&streams, &metrics);
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
            background,
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

    /// What the log takes of the disk, and what its scrub did so far.
    pub(crate) fn log_files(&self) -> (Space, Scrubbed) {
        (self.log.space(), self.log.scrubbed())
    }

    /// Stops consumers, then the log: applications write a last checkpoint, deliveries are stored, appends flushed.
    /// To be called when no request is in flight any more.
    pub(crate) async fn shutdown(&self) {
        self.background.iter().for_each(JoinHandle::abort);
        self.analytics.shutdown().await;
        self.delivery.shutdown().await;
        self.metrics.flush().await;
        if let Err(error) = self.log.shutdown().await {
            tracing::error!(%error, "the log could not be flushed");
        }
    }
}

/// Measuring, forgetting what retention has passed, and scaling on-demand streams.
fn start_background(streams: &Streams, metrics: &Arc<Metrics>) -> Vec<JoinHandle<()>> {
    let (trimmed, scaled) = (streams.clone(), streams.clone());
    vec![
        tokio::spawn(metrics.clone().run(streams.clone())),
        tokio::spawn(async move { trimmed.run_retention().await }),
        tokio::spawn(async move { scaled.run_scaling().await }),
    ]
}

fn log_dir(data_dir: &Path) -> PathBuf {
    data_dir.join("log")
}

type Files = (Arc<EmbeddedLog>, [u8; 32], Arc<LocalMasterKeys>);

/// The parts that read the disk before anything else can start.
async fn open_files(config: &AppConfig, random: &Arc<dyn Random>) -> Result<Files, OpenError> {
    let secret_path = config.data_dir.join(TOKEN_SECRET_FILE);
    let token_secret =
        token_secret(&secret_path, &**random).map_err(|source| OpenError::Secret { path: secret_path, source })?;
    let (file, random) = (config.master_keys.clone(), random.clone());
    let master_keys = LocalMasterKeys::open(&config.data_dir, file, config.environment, random)?;
    let path = log_dir(&config.data_dir);
    let defaults = EmbeddedConfig::at(&path);
    let segment_bytes = config.segment_bytes.unwrap_or(defaults.segment_bytes);
    let log_config = EmbeddedConfig { repair: config.repair, segment_bytes, queue_bytes: LOG_QUEUE_BYTES, ..defaults };
    let opened = tokio::task::spawn_blocking(move || EmbeddedLog::open(log_config)).await;
    let opened = opened.unwrap_or_else(|panicked| Err(LogError::Stopped(panicked.to_string())));
    let log = opened.map_err(|source| OpenError::Log { path, source })?;
    Ok((log, token_secret, Arc::new(master_keys)))
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
