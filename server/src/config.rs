//! The configuration: three sources laid over each other, then checked. Flags are stronger than `THALWEG_*`
//! variables, which are stronger than the TOML file, which is stronger than the defaults.
//!
//! Owns: names, defaults, precedence and checks of every setting. Refuses: reading anything (the sources come in as
//! values, so every rule is a pure function). Read `config/layer.rs` next for the settings, `cli/args.rs` for the flags.

mod buckets;
mod environment;
mod error;
mod file;
mod layer;
mod limits;
mod print;
#[cfg(test)]
mod tests;
mod tls;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use types::{AccountId, Region};

pub(crate) use buckets::{Buckets, S3Bucket};
pub(crate) use environment::from_environment;
pub(crate) use error::ConfigError;
pub(crate) use file::{read_file, secret_is_readable};
pub(crate) use layer::{BucketsLayer, Layer, LogFormat};
pub(crate) use limits::{LimitsError, streams_config};
pub(crate) use print::to_toml;
pub(crate) use tls::TlsChoice;

/// Where the server listens unless told otherwise; 4567 is the port that Kinesis emulators made customary.
pub(crate) const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4567);
const ACCOUNT_DEFAULT: &str = "000000000000";
const REGION_DEFAULT: &str = "us-east-1";
/// Whoever runs the server decides what it may use.
const LIMITS_DEFAULT: &str = "none";
const LOG_LEVEL_DEFAULT: &str = "info";

/// Which source a value came from, the strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag,
    Environment,
    File,
    Default,
}

/// A value and where it came from, so that `--check-config` can say both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    fn map<U, E>(self, convert: impl FnOnce(T) -> Result<U, E>) -> Result<Setting<U>, E> {
        Ok(Setting { value: convert(self.value)?, origin: self.origin })
    }
}

/// Everything `serve` needs to know, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) listen: Setting<SocketAddr>,
    /// Where metrics are told; nowhere unless asked for.
    pub(crate) metrics_listen: Setting<Option<SocketAddr>>,
    pub(crate) data_dir: Setting<PathBuf>,
    pub(crate) dev: Setting<bool>,
    pub(crate) allow_plaintext: Setting<bool>,
    pub(crate) repair: Setting<bool>,
    pub(crate) account: Setting<AccountId>,
    pub(crate) region: Setting<Region>,
    pub(crate) limits: Setting<String>,
    pub(crate) transition_ms: Setting<u64>,
    /// The file of master keys; one in the data directory unless it is named.
    pub(crate) master_keys: Setting<Option<PathBuf>>,
    pub(crate) log_level: Setting<String>,
    pub(crate) log_format: Setting<LogFormat>,
    pub(crate) tls: Setting<TlsChoice>,
    pub(crate) buckets: Setting<Buckets>,
}

/// The three sources and the machine's default for the data directory.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    pub(crate) flags: Layer,
    pub(crate) environment: Layer,
    pub(crate) file: Layer,
    /// `None` when the platform does not say where a user's data lives; then `data_dir` must be given.
    pub(crate) data_dir_default: Option<PathBuf>,
}

impl Sources {
    /// The first source that names a value, else the default.
    fn pick<T>(&mut self, take: impl Fn(&mut Layer) -> Option<T>, default: impl FnOnce() -> T) -> Setting<T> {
        self.find(take).unwrap_or_else(|| Setting { value: default(), origin: Origin::Default })
    }

    fn find<T>(&mut self, take: impl Fn(&mut Layer) -> Option<T>) -> Option<Setting<T>> {
        let Self { flags, environment, file, .. } = self;
        let sources = [(flags, Origin::Flag), (environment, Origin::Environment), (file, Origin::File)];
        sources.into_iter().find_map(|(layer, origin)| take(layer).map(|value| Setting { value, origin }))
    }

    /// Lays the sources over each other and checks the whole.
    pub(crate) fn resolve(mut self) -> Result<Config, ConfigError> {
        let data_dir = match self.find(|layer| layer.data_dir.take()) {
            Some(setting) => setting,
            None => Setting {
                value: self.data_dir_default.take().ok_or(ConfigError::NoDataDirectory)?,
                origin: Origin::Default,
            },
        };
        let buckets = buckets::resolve(&mut self, &data_dir.value)?;
        let tls = tls::resolve(&mut self)?;
        let config = Config {
            listen: self.pick(|layer| layer.listen.take(), || LISTEN_DEFAULT.to_string()).map(|t| parse_listen(&t))?,
            metrics_listen: self
                .pick(|layer| layer.metrics_listen.take().map(Some), || None)
                .map(parse_optional_listen)?,
            data_dir,
            dev: self.pick(|layer| layer.dev, || false),
            allow_plaintext: self.pick(|layer| layer.allow_plaintext, || false),
            repair: self.pick(|layer| layer.repair, || false),
            account: self.pick(|layer| layer.account.take(), || ACCOUNT_DEFAULT.into()).map(|t| parse_account(&t))?,
            region: self.pick(|layer| layer.region.take(), || REGION_DEFAULT.into()).map(|t| Region::parse(&t))?,
            limits: self.pick(|layer| layer.limits.take(), || LIMITS_DEFAULT.into()),
            transition_ms: self.pick(|layer| layer.transition_ms, || 0),
            master_keys: self.pick(|layer| layer.master_keys.take().map(Some), || None),
            log_level: self.pick(|layer| layer.log_level.take(), || LOG_LEVEL_DEFAULT.into()),
            log_format: self.pick(|layer| layer.log_format, || LogFormat::Text),
            tls,
            buckets,
        };
        config.check_exposure()?;
        Ok(config)
    }
}

impl Config {
    /// A stranger on the network must meet neither an open door (`dev`) nor signatures on readable text, unless the
    /// operator says that something in front encrypts.
    fn check_exposure(&self) -> Result<(), ConfigError> {
        if let Some(listen) = self.metrics_listen.value.filter(|listen| !listen.ip().is_loopback())
            && !self.allow_plaintext.value
        {
            return Err(ConfigError::MetricsBeyondLoopback { listen });
        }
        let listen = self.listen.value;
        if listen.ip().is_loopback() {
            return Ok(());
        }
        if self.dev.value {
            return Err(ConfigError::DevBeyondLoopback { listen });
        }
        if !self.allow_plaintext.value && self.tls.value == TlsChoice::Off {
            return Err(ConfigError::PlaintextBeyondLoopback { listen });
        }
        Ok(())
    }
}

/// The URL that a client on this machine uses for a server that listens on `address`, with TLS or without.
pub(crate) fn endpoint_url(address: SocketAddr, tls: &TlsChoice) -> String {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let scheme = if *tls == TlsChoice::Off { "http" } else { "https" };
    format!("{scheme}://{}", SocketAddr::new(ip, address.port()))
}

fn parse_listen(text: &str) -> Result<SocketAddr, ConfigError> {
    let numeric = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}"),
        None => text.into(),
    };
    numeric.parse().map_err(|_| ConfigError::Listen { text: text.into() })
}

fn parse_optional_listen(text: Option<String>) -> Result<Option<SocketAddr>, ConfigError> {
    text.map(|text| parse_listen(&text)).transpose()
}

fn parse_account(text: &str) -> Result<AccountId, ConfigError> {
    let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if !digits {
        return Err(ConfigError::Account { text: text.into() });
    }
    Ok(AccountId::parse(text)?)
}
