//! `thalweg demo`: the main job on live input. Starts the server in this process and then does everything through the
//! API that users call: streams, telemetry, a windowed query, delivery into files, and a screen that shows it.
//!
//! Owns: the order of a run. Refuses: business rules and shortcuts into the server.
//! Read `run.rs` next, then `setup.rs` for what is made and `feed.rs` for what flows.

mod board;
mod feed;
mod format;
mod hints;
mod input;
mod objects;
mod rows;
mod run;
mod screen;
mod setup;
mod show;
mod stop;
mod telemetry;
mod terminal;

pub(crate) use run::{DemoError, run};
