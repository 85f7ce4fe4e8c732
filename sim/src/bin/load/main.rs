//! The load generator: how much Thalweg takes and gives on this machine, beside what the machine itself can do.
//!
//! Owns: requests that are built and signed before the clock starts (`request.rs`), connections with a hand-written
//! client (`connection.rs`), the runs (`drive.rs`, `read.rs`), the machine's limits (`machine.rs`), a sink that shows
//! what the generator could do against a server that does nothing (`sink.rs`), and the table (`report.rs`).
//! Refuses to print a figure of a run in which anything failed. Read next: `bench.rs`, the order of it all.

mod bench;
mod connection;
mod drive;
mod engine;
mod machine;
mod process;
mod read;
mod report;
mod request;
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
    /// Measure the server at an endpoint
    Bench(Bench),
    /// Measure the log engine alone, in this process
    Engine(engine::Engine),
    /// Answer any request at once: the server against which the generator proves itself
    Sink,
}

#[derive(Args)]
struct Bench {
    /// Where the server listens, `http://ADDRESS:PORT`
    #[arg(long)]
    endpoint: String,
    /// The server's process, whose processor time is measured
    #[arg(long)]
    server_pid: u32,
    /// A folder on the disk that the server writes to, for the disk's own figures
    #[arg(long)]
    scratch: PathBuf,
    /// How long each run takes
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=120))]
    seconds: u64,
    /// Also write the figures to this file
    #[arg(long)]
    json: Option<PathBuf>,
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
        Command::Bench(options) => bench::run(options).await,
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
