//! Log lines through `tracing`: to stderr for `serve` (stdout belongs to what scripts read), to a file for the demo
//! (the terminal belongs to its screen).

use std::io::IsTerminal;
use std::path::Path;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::Error;
use crate::config::{Config, LogFormat};

/// Logs to stderr as the configuration says.
pub(super) fn init(config: &Config) -> Result<(), Error> {
    let filter = parse_filter(&config.log_level.value)?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours());
    match config.log_format.value {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
    Ok(())
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
