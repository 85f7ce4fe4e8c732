//! Why a command failed, and the exit code that says so: 1 in general, 70 when the log stopped (`EX_SOFTWARE`: a
//! supervisor should start the server again, which then recovers). Wrong usage is clap's, with 2.

use super::StartError;
use crate::client::{CallError, ConnectError};
use crate::config::ConfigError;
use crate::demo::DemoError;
use crate::keys::KeysError;

/// The exit code of a server whose log could not make data durable any more.
const EXIT_LOG_STOPPED: u8 = 70;

/// The failure of a command, in words for whoever typed it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Demo(#[from] DemoError),
    #[error("log level {text:?} is neither a level nor filter directives: {source}")]
    LogLevel { text: String, source: tracing_subscriber::filter::ParseError },
    #[error("cannot open the log file {}: {source}", path.display())]
    LogFile { path: std::path::PathBuf, source: std::io::Error },
    #[cfg(feature = "otel")]
    #[error(transparent)]
    Traces(#[from] crate::metrics::TracesError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Call(#[from] CallError),
    #[error("{0}")]
    Command(String),
    #[error("cannot start threads or signal handlers: {0}")]
    Runtime(std::io::Error),
    #[error("the log could not be written and has stopped; what was acknowledged is safe, start again to recover")]
    LogStopped,
}

impl Error {
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::LogStopped => EXIT_LOG_STOPPED,
            _ => 1,
        }
    }
}
