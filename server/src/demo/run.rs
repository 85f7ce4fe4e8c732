//! One run from the first line to the last: server, resources, sources, screen, and the orderly end of each.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use types::{Clock, SystemClock, Timestamp};

use super::board::Board;
use super::feed::{self, Entry};
use super::input::{self, Input};
use super::objects::{self, Meter, Watcher};
use super::rows::{self, ShardReader};
use super::screen::Fixed;
use super::setup::{self, SetupError};
use super::show::Show;
use super::{hints, stop, terminal};
use crate::cli::{self, DemoArgs, Error, Server, StartError, Stop};
use crate::client::Client;
use crate::config::{self, BucketsLayer, Config, Layer, Sources};

/// Why the demo did not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DemoError {
    #[error("cannot use the data directory {}: {source}", path.display())]
    DataDir { path: PathBuf, source: std::io::Error },
    #[error("cannot read the input {}: {source}", path.display())]
    Input { path: PathBuf, source: std::io::Error },
    #[error("cannot measure this machine: {0}")]
    Telemetry(sysinfo::Error),
    #[error("the demo could not be set up: {0}; see {}", log_file.display())]
    Setup { source: SetupError, log_file: PathBuf },
}

/// Runs the demo until Ctrl-C, `--seconds`, or a failure.
pub(crate) fn run(args: &DemoArgs) -> Result<ExitCode, Error> {
    let data_dir = data_dir(args)?;
    cli::init_to_file(&log_file(&data_dir))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Error::Runtime)?;
    let done = runtime.block_on(demo(args, &data_dir));
    // A thread that reads a terminal's standard input only ends with the process.
    runtime.shutdown_background();
    done.map(|()| ExitCode::SUCCESS)
}

/// The directory, made and as an absolute path, so that what is printed works anywhere.
fn data_dir(args: &DemoArgs) -> Result<PathBuf, Error> {
    let named = args.data_dir.clone().or_else(cli::demo_dir_default).ok_or(config::ConfigError::NoDataDirectory)?;
    let absolute = std::path::absolute(&named).and_then(|path| crate::keys::create_data_dir(&path).map(|()| path));
    Ok(absolute.map_err(|source| DemoError::DataDir { path: named, source })?)
}

async fn demo(args: &DemoArgs, data_dir: &Path) -> Result<(), Error> {
    let stop = Stop::on_signals(terminal::restore).map_err(Error::Runtime)?;
    let (sender, queue) = mpsc::channel(feed::QUEUE_COUNT_MAX);
    spawn_input(args, sender.clone())?;
    let config = config(data_dir, config::LISTEN_DEFAULT)?;
    let server = tokio::select! {
        server = open_server(&config) => server?,
        () = stop.asked() => return Ok(()),
    };
    let run = Run::new(&config, &server);
    cli::out(&run.intro);
    let watcher = Watcher::new(&run.bucket);
    // The server outlives the request to stop: what flows must still arrive.
    let server_stop = Stop::new();
    let mut serving = tokio::spawn(server.run(server_stop.clone()));
    let flowed = tokio::select! {
        flowed = run.flow(args, sender, queue, watcher.clone(), &stop) => flowed,
        served = &mut serving => return ended(served),
    };
    cli::out("\nStopping: open windows are saved, what is buffered is delivered.\n");
    server_stop.ask();
    ended(serving.await)?;
    flowed?;
    cli::out(&stop::summary(watcher, run.board.totals(), run.started, &run.bucket, data_dir));
    Ok(())
}

/// What the server's task says; its panic is ours.
fn ended(served: Result<Result<(), Error>, tokio::task::JoinError>) -> Result<(), Error> {
    served.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

fn spawn_input(args: &DemoArgs, queue: mpsc::Sender<Entry>) -> Result<(), DemoError> {
    let Some(path) = args.input.clone() else { return Ok(()) };
    let input = Input { path: path.clone(), follow: args.follow };
    input::spawn(input, queue).map_err(|source| DemoError::Input { path, source })
}

/// The demo's own configuration: nothing from the environment or a file, which may speak of a real server.
fn config(data_dir: &Path, listen: SocketAddr) -> Result<Config, Error> {
    let buckets = BucketsLayer { root: Some(buckets_root(data_dir)), ..BucketsLayer::default() };
    let data_dir = Some(data_dir.to_path_buf());
    let flags = Layer { data_dir, listen: Some(listen.to_string()), buckets, ..Layer::default() };
    Ok(Sources { flags, ..Sources::default() }.resolve()?)
}

fn buckets_root(data_dir: &Path) -> PathBuf {
    data_dir.join("buckets")
}

/// On the customary port if it is free, else on any.
async fn open_server(config: &Config) -> Result<Server, Error> {
    match Server::open(config).await {
        Err(StartError::Listen { source, .. }) if source.kind() == std::io::ErrorKind::AddrInUse => {
            let mut config = config.clone();
            config.listen.value.set_port(0);
            Ok(Server::open(&config).await?)
        }
        opened => Ok(opened?),
    }
}

/// What the parts of a run share.
struct Run {
    client: Client,
    board: Arc<Board>,
    fixed: Fixed,
    intro: String,
    data_dir: PathBuf,
    bucket: PathBuf,
    meter: Meter,
    started: Timestamp,
}

impl Run {
    fn new(config: &Config, server: &Server) -> Self {
        let data_dir = config.data_dir.value.clone();
        let region = config.region.value.as_str();
        let bucket = buckets_root(&data_dir).join(setup::BUCKET);
        let paste = hints::for_another_terminal(server.pair(), region, server.url());
        Self {
            client: Client::of(server.url(), region, server.pair())
                .expect("a server knows its own URL, and a plain one needs no certificates"),
            board: Arc::default(),
            intro: hints::intro(server.url(), &data_dir, &bucket, &paste),
            fixed: Fixed {
                url: server.url().into(),
                paste: paste.lines().map(str::to_string).collect(),
                paste_short: hints::short(&data_dir),
            },
            data_dir,
            bucket,
            meter: Arc::new(server.meter()),
            started: SystemClock.now(),
        }
    }

    /// Sets everything up and lets records flow until `stop` or the time is over; returns when every record that was
    /// taken is acknowledged.
    async fn flow(
        &self,
        args: &DemoArgs,
        sender: mpsc::Sender<Entry>,
        queue: mpsc::Receiver<Entry>,
        watcher: Watcher,
        stop: &Stop,
    ) -> Result<(), DemoError> {
        let readers = tokio::select! {
            readers = self.set_up() => readers?,
            () = stop.asked() => return Ok(()),
        };
        let (show, row_lines, lines) = Show::new(args.plain, self.fixed.clone());
        let mut background = JoinSet::new();
        for reader in readers {
            background.spawn(rows::read(reader, self.board.clone(), row_lines.clone()));
        }
        background.spawn(objects::watch(watcher, self.meter.clone(), self.board.clone()));
        feed::spawn_telemetry(args.rate, sender).map_err(DemoError::Telemetry)?;
        let putting = feed::put_all(&self.client, setup::STREAM, queue, stop.asked(), &self.board);
        let showing = async {
            tokio::select! {
                () = show.run(&self.board, self.started, lines) => {}
                () = time_over(args.seconds) => stop.ask(),
                () = stop.asked() => {}
            }
            // Here the screen is gone and the terminal as it was.
        };
        tokio::join!(putting, showing);
        Ok(())
    }

    async fn set_up(&self) -> Result<Vec<ShardReader>, DemoError> {
        let set_up = async {
            setup::create_streams(&self.client).await?;
            setup::remove_query(&self.client).await?;
            let readers = rows::open(&self.client, setup::OUTPUT_STREAM).await?;
            setup::start_query(&self.client).await?;
            Ok(readers)
        };
        set_up.await.map_err(|source: SetupError| DemoError::Setup { source, log_file: log_file(&self.data_dir) })
    }
}

fn log_file(data_dir: &Path) -> PathBuf {
    data_dir.join("demo.log")
}

async fn time_over(seconds: Option<u64>) {
    match seconds {
        Some(seconds) => SystemClock.sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}
