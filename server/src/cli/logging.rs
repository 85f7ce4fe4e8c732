//! Log lines through `tracing`: to stderr for `serve` (stdout belongs to what scripts read), to a file for the demo
//! (the terminal belongs to its screen).

use std::io::IsTerminal;
use std::path::Path;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::Error;
use crate::config::{Config, LogFormat};

/// What must live as long as the server, so that nothing of it is lost: with `otel`, the exporter of traces.
#[derive(Default)]
pub(super) struct Logging {
    #[cfg(feature = "otel")]
    _traces: Option<crate::metrics::Traces>,
}

/// Logs to stderr as the configuration says, and exports traces if the environment says so.
pub(super) fn init(config: &Config) -> Result<Logging, Error> {
    let filter = parse_filter(&config.log_level.value)?;
    #[cfg(feature = "otel")]
    if let Some(traces) = crate::metrics::Traces::from_environment(|name| std::env::var(name).ok())? {
        init_with(&traces, config, filter);
        return Ok(Logging { _traces: Some(traces) });
    }
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours());
    match config.log_format.value {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(Logging::default())
}

/// The same lines, beside traces; each has its own filter.
#[cfg(feature = "otel")]
fn init_with(traces: &crate::metrics::Traces, config: &Config, filter: EnvFilter) {
    use tracing_subscriber::prelude::*;
    let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(colours());
    let lines = match config.log_format.value {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    tracing_subscriber::registry().with(lines.with_filter(filter)).with(traces.layer()).init();
}

/// Logs to the end of a file.
pub(crate) fn init_to_file(path: &Path) -> Result<(), Error> {
    let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
    let file = opened.map_err(|source| Error::LogFile { path: path.into(), source })?;
    fmt().with_env_filter(EnvFilter::new("info")).with_writer(file).with_ansi(false).init();
    Ok(())
}

/// Checks the text without starting anything, for `--check-config`.
pub(super) fn parse_filter(text: &str) -> Result<EnvFilter, Error> {
    EnvFilter::try_new(text).map_err(|source| Error::LogLevel { text: text.into(), source })
}

fn colours() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
