//! The flags that say where a stream is, for every command that talks to one.

use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{Error, Stop, endpoint, paths};
use crate::client::{Client, Wanted, connect};

/// Flags that name the service. Without them: AWS_ENDPOINT_URL and profiles, a local server, then AWS.
#[derive(Debug, Args)]
pub(crate) struct ConnectArgs {
    /// Where the service is, such as http://127.0.0.1:4567 [env: AWS_ENDPOINT_URL_KINESIS, AWS_ENDPOINT_URL]
    #[arg(long, value_name = "URL", help_heading = "Connection")]
    endpoint_url: Option<String>,
    /// The region [env: AWS_REGION]
    #[arg(long, help_heading = "Connection")]
    region: Option<String>,
    /// A profile of the AWS configuration files; AWS then, even when a local server runs [env: AWS_PROFILE]
    #[arg(long, help_heading = "Connection")]
    profile: Option<String>,
    /// AWS, even when a local server runs or an endpoint is configured
    #[arg(long, conflicts_with = "endpoint_url", help_heading = "Connection")]
    aws: bool,
    /// Look here for the local server [default: thalweg in the user's data folder] [env: THALWEG_DATA_DIR]
    #[arg(long, value_name = "DIR", help_heading = "Connection")]
    data_dir: Option<PathBuf>,
}

impl ConnectArgs {
    /// The client; nothing is called yet.
    pub(super) async fn client(&self) -> Result<Client, Error> {
        let of_environment = || std::env::var_os("THALWEG_DATA_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let wanted = Wanted {
            endpoint_url: self.endpoint_url.clone(),
            region: self.region.clone(),
            profile: self.profile.clone(),
            aws: self.aws,
            data_dir: self.data_dir.clone().or_else(of_environment).or_else(paths::data_dir_default),
        };
        Ok(connect(&wanted, endpoint::read).await?)
    }
}

/// Runs a command that waits for the network, on this thread.
pub(super) fn block_on<F>(command: impl FnOnce(Stop) -> F) -> Result<ExitCode, Error>
where
    F: Future<Output = Result<ExitCode, Error>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Error::Runtime)?;
    runtime.block_on(async {
        let stop = Stop::on_signals(|| ()).map_err(Error::Runtime)?;
        command(stop).await
    })
}
