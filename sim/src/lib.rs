//! What the tests and measurements of the whole share. Never shipped.
//!
//! Owns: the simulator (this library: Data Streams over the embedded engine in virtual time, on a disk and a network that
//! fail), `tests/tidy` (the rules of the house), `bin/load` (the load generator) and `bin/simulate` (long simulations).
//! Refuses to be imported by the product. Read next: `runner.rs`, then `world.rs`; or `bin/load/main.rs`; or
//! `../tests/tidy/main.rs`.

mod actors;
mod audit;
mod chaos;
mod clock;
mod counts;
mod crew;
mod dice;
mod disk;
mod history;
mod keeper;
mod network;
mod plan;
mod process;
mod runner;
mod tail;
mod trace;
mod watermark;
mod world;

pub use counts::Counts;
pub use runner::{Outcome, run_many, run_seed};
