//! Every flag of every command. A flag that is not given is `None`, so that weaker sources can speak.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::consumers::ConsumersArgs;
use super::offline::{RepairArgs, VerifyArgs};
use super::put::PutArgs;
use super::stream::StreamArgs;
use super::tail::TailArgs;
use crate::config::{BucketsLayer, Layer, LogFormat};

/// The Kinesis family as one durable server: Data Streams, Data Firehose, Data Analytics.
#[derive(Debug, Parser)]
#[command(name = "thalweg", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server until SIGTERM or Ctrl-C
    Serve(ServeArgs),
    /// Print the lines that point an AWS client at the server: eval "$(thalweg env)"
    Env(EnvArgs),
    /// List, add and remove access keys, each in an account of its own if you like
    Keys(super::keys::KeysArgs),
    /// See it work: live telemetry of this machine, put, queried in SQL and delivered
    Demo(DemoArgs),
    /// List, create, describe, reshard and remove streams
    Stream(StreamArgs),
    /// Put lines of files or of the standard input into a stream
    Put(PutArgs),
    /// Show the records of a stream as they arrive
    Tail(TailArgs),
    /// Show who reads a stream, and how far behind they are
    Consumers(ConsumersArgs),
    /// Read a data directory whole, offline, and say what is damaged
    Verify(VerifyArgs),
    /// Move damage in a data directory aside, so that a server starts again
    Repair(RepairArgs),
}

/// The settings that `serve` and `env` share.
#[derive(Debug, Args)]
pub(crate) struct CommonArgs {
    /// Where the server listens; port 0 picks a free one [default: 127.0.0.1:4567] [env: THALWEG_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<String>,
    /// Where everything durable lives [default: thalweg in the user's data folder] [env: THALWEG_DATA_DIR]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Settings in TOML, weaker than flags and environment [env: THALWEG_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The region that `thalweg env` prints [default: us-east-1] [env: THALWEG_REGION]
    #[arg(long)]
    pub(crate) region: Option<String>,
}

/// Flags of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
    /// Tell metrics to Prometheus at /metrics, and /health, on this address [env: THALWEG_METRICS_LISTEN]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics_listen: Option<String>,
    /// Check the configuration, print what is in effect and where from, and exit
    #[arg(long)]
    pub(crate) check_config: bool,
    /// Accept any credentials; loopback only [env: THALWEG_DEV]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) dev: Option<bool>,
    /// Listen beyond loopback without TLS [env: THALWEG_ALLOW_PLAINTEXT]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) allow_plaintext: Option<bool>,
    /// Serve with this certificate, PEM with its chain; reloaded when it changes [env: THALWEG_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate, PEM [env: THALWEG_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Make a certificate, kept in the data folder, and serve with it [env: THALWEG_TLS_SELF_SIGNED]
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", value_name = "BOOL")]
    pub(crate) tls_self_signed: Option<bool>,
    /// Move damaged log data aside instead of refusing to start
    #[arg(long)]
    pub(crate) repair: bool,
    /// The account that owns all resources [default: 000000000000] [env: THALWEG_ACCOUNT]
    #[arg(long, value_name = "12 DIGITS")]
    pub(crate) account: Option<String>,
    /// Rates and quotas: aws, none, or a TOML file of them [default: none] [env: THALWEG_LIMITS]
    #[arg(long, value_name = "aws|none|FILE")]
    pub(crate) limits: Option<String>,
    /// How long streams show CREATING, UPDATING and DELETING; 0: control operations are answered when they are done
    /// [default: 0] [env: THALWEG_TRANSITION_MS]
    #[arg(long, value_name = "MS")]
    pub(crate) transition_ms: Option<u64>,
    /// The master keys of encrypted streams, TOML [default: master-keys in the data folder] [env: THALWEG_MASTER_KEYS]
    #[arg(long, value_name = "FILE")]
    pub(crate) master_keys: Option<PathBuf>,
    /// Keep Firehose buckets as folders here [default: buckets in the data folder] [env: THALWEG_BUCKETS_ROOT]
    #[arg(long, value_name = "DIR")]
    pub(crate) buckets_root: Option<PathBuf>,
    /// What to log to stderr: a level, or directives such as streams=debug,info [default: info] [env: THALWEG_LOG_LEVEL]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<String>,
    /// How to log [default: text] [env: THALWEG_LOG_FORMAT]
    #[arg(long)]
    pub(crate) log_format: Option<LogFormat>,
}

/// Flags of `env`.
#[derive(Debug, Args)]
pub(crate) struct EnvArgs {
    #[command(flatten)]
    pub(crate) common: CommonArgs,
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where the demo keeps its data [default: thalweg-demo in the user's data folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Also feed this file, one record per line, text or JSON; - is the standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
    /// Wait for more lines at the end of the input, as tail -F does
    #[arg(long, requires = "input")]
    pub(crate) follow: bool,
    /// Measurements per second and source
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(10..=1000))]
    pub(crate) rate: u32,
    /// Stop by itself after this many seconds
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seconds: Option<u64>,
    /// Plain lines instead of a screen, as when the output is not a terminal
    #[arg(long)]
    pub(crate) plain: bool,
}

impl CommonArgs {
    fn layer(&self) -> Layer {
        Layer {
            listen: self.listen.clone(),
            data_dir: self.data_dir.clone(),
            region: self.region.clone(),
            ..Layer::default()
        }
    }
}

impl ServeArgs {
    pub(crate) fn layer(&self) -> Layer {
        Layer {
            metrics_listen: self.metrics_listen.clone(),
            dev: self.dev,
            allow_plaintext: self.allow_plaintext,
            repair: self.repair.then_some(true),
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            tls_self_signed: self.tls_self_signed,
            account: self.account.clone(),
            limits: self.limits.clone(),
            transition_ms: self.transition_ms,
            master_keys: self.master_keys.clone(),
            log_level: self.log_level.clone(),
            log_format: self.log_format,
            buckets: BucketsLayer { root: self.buckets_root.clone(), ..BucketsLayer::default() },
            ..self.common.layer()
        }
    }
}

impl EnvArgs {
    pub(crate) fn layer(&self) -> Layer {
        self.common.layer()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_become_a_layer() {
        let line = ["thalweg", "serve", "--listen", "127.0.0.1:0", "--dev", "--allow-plaintext=false", "--repair"];
        let Command::Serve(args) = Cli::parse_from(line).command else { panic!("serve was parsed as another command") };
        let layer = args.layer();
        assert_eq!(layer.listen.as_deref(), Some("127.0.0.1:0"));
        assert_eq!((layer.dev, layer.allow_plaintext, layer.repair), (Some(true), Some(false), Some(true)));
        assert_eq!((layer.region, layer.data_dir), (None, None));
    }

    #[test]
    fn a_demo_that_follows_needs_something_to_follow() {
        assert!(Cli::try_parse_from(["thalweg", "demo", "--follow"]).is_err());
        assert!(Cli::try_parse_from(["thalweg", "demo", "--input", "-", "--follow", "--seconds", "3"]).is_ok());
        assert!(Cli::try_parse_from(["thalweg", "demo", "--rate", "1"]).is_err());
    }
}
