//! The load generator: how much Thalweg takes and gives on this machine, beside what the machine itself can do.
//!
//! Owns: requests that are built and signed before the clock starts (`request.rs`, `cbor.rs`, `noise.rs`), connections
//! with a hand-written client (`connection.rs`, `answer.rs`), the runs (`drive.rs`, `paced.rs`, `read.rs`, `push.rs`),
//! the machine's limits (`machine.rs`), a sink that shows what the generator could do against a server that does
//! nothing (`sink.rs`), and the tables (`report.rs`). Refuses to print a figure of a run in which anything failed.
//! Read next: `figures/mod.rs`, the order of it all; `growth/mod.rs`; `peer.rs`; `engine.rs`, the log without a server.

mod answer;
mod cbor;
mod connection;
mod drive;
mod engine;
mod figures;
mod growth;
mod machine;
mod noise;
mod paced;
mod peer;
mod process;
mod push;
mod read;
mod report;
mod request;
mod server;
mod sink;
mod time;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Load generator of Thalweg; `cargo xtask bench` starts it")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measure every figure, each on a server of its own
    Bench(Bench),
    /// Measure how cost grows with shards, record sizes, connections and readers
    Growth(Bench),
    /// Measure a server that is already there and speaks the Kinesis protocol
    Peer(Peer),
    /// Measure the log engine alone, in this process
    Engine(engine::Engine),
    /// Answer any request at once: the server against which the generator proves itself
    Sink,
}

#[derive(Args)]
struct Bench {
    /// The server's program
    #[arg(long)]
    thalweg: PathBuf,
    /// A folder for data, on the disk that is to be measured
    #[arg(long)]
    scratch: PathBuf,
    /// How long each run takes
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=120))]
    seconds: u64,
    /// Only these groups of figures
    #[arg(long, value_delimiter = ',', value_name = "GROUP")]
    only: Vec<String>,
    /// The long forms too: ten gigabytes stored before the restart
    #[arg(long)]
    all: bool,
    /// Gigabytes of payload stored before the restart
    #[arg(long, value_name = "GB")]
    stored: Option<f64>,
    /// Also write the figures to this file
    #[arg(long)]
    json: Option<PathBuf>,
}

#[derive(Args)]
struct Peer {
    /// Where the server listens
    #[arg(long, value_name = "ADDRESS:PORT")]
    authority: String,
    /// How long each run takes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=120))]
    seconds: u64,
    /// Write the figures to this file
    #[arg(long)]
    json: PathBuf,
    #[arg(long, env = "AWS_ACCESS_KEY_ID", hide_env_values = true)]
    access_key_id: String,
    #[arg(long, env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
    secret_access_key: String,
    #[arg(long, env = "AWS_REGION", default_value = "us-east-1")]
    region: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Bench(options) => figures::run(options).await,
        Command::Growth(options) => growth::run(options).await,
        Command::Peer(options) => peer::run(options).await,
        Command::Engine(options) => engine::run(options).await,
        Command::Sink => sink::run().await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("load: {message}");
            ExitCode::FAILURE
        }
    }
}
