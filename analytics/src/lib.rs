//! Data Analytics: continuous SQL over streams, in Flink's dialect.
//!
//! Owns: the dialect, the plan, the operators and their state, checkpoints, the life of an application. Refuses: AWS
//! request shapes, HTTP, destinations other than streams.
//!
//! Read [`Analytics`] for the operations and [`Catalog`] for the state; `sql/mod.rs` for how text becomes a program, and
//! `run/mod.rs` for how a program runs, exactly once.

mod application;
mod catalog;
mod command;
mod error;
mod functions;
mod program;
mod run;
mod service;
mod sql;
mod stats;
mod time_text;

pub use application::{Application, Checkpointing, Configuration, CreateApplication, Monitoring, Parallelism, Status};
pub use catalog::Catalog;
pub use command::Command;
pub use error::AnalyticsError;
pub use service::{Analytics, ApplicationPage, Parts};
pub use sql::SqlError;
pub use stats::Stats;
