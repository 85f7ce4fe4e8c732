//! The binary `thalweg`. Owns: the command line, configuration, keys, HTTP, authorisation, dispatch and wiring.
//! Refuses: business rules, which live in `streams`, `delivery` and `analytics`.
//! Read `cli/mod.rs` next for what a command does, or `app.rs` for how the parts are joined.

mod api;
mod app;
mod auth;
mod cli;
mod client;
mod config;
mod demo;
mod dispatch;
mod error;
mod http;
mod keys;
mod master_keys;
mod metrics;

// Frames, bodies and batches are many short allocations of a few sizes on few threads: mimalloc's best case.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
