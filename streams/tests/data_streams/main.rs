//! Data Streams over the in-memory log, with a clock that the test moves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod consume;
mod control;
mod encryption;
mod fan_out;
mod full_queue;
mod model;
mod put_get;
mod queues;
mod replay;
mod reshard;
mod settings;
mod world;
