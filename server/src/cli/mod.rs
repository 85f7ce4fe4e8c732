//! The command line. Owns: flags, what each command prints, exit codes, signals, logging.
//! Refuses: how a server is put together (`cli/server.rs`, read it next) and what the demo does (`demo/`).

mod args;
mod connect;
mod consumers;
mod endpoint;
mod env;
mod error;
mod keys;
mod logging;
mod offline;
mod own_name;
mod paths;
mod print;
mod put;
mod serve;
mod server;
mod shards;
mod signals;
mod stream;
mod tail;
mod text;

use std::process::ExitCode;

use clap::Parser;

pub(crate) use args::DemoArgs;
pub(crate) use env::{export_lines, quoted, trust_line};
pub(crate) use error::Error;
pub(crate) use logging::init_to_file;
pub(crate) use own_name::own_name;
pub(crate) use paths::demo_dir_default;
pub(crate) use print::out;
pub(crate) use server::{Server, StartError};
pub(crate) use signals::Stop;

/// Runs the command that the arguments name.
pub(crate) fn run() -> ExitCode {
    let done = match args::Cli::parse().command {
        args::Command::Serve(args) => serve::run(&args),
        args::Command::Env(args) => env::run(&args),
        args::Command::Keys(args) => keys::run(&args),
        args::Command::Demo(args) => crate::demo::run(&args),
        args::Command::Stream(args) => stream::run(&args),
        args::Command::Put(args) => put::run(&args),
        args::Command::Tail(args) => tail::run(&args),
        args::Command::Consumers(args) => consumers::run(&args),
        args::Command::Verify(args) => offline::run_verify(&args),
        args::Command::Repair(args) => offline::run_repair(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("thalweg: {error}");
        ExitCode::from(error.exit_code())
    })
}
