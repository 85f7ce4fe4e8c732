//! Streaming SQL: applications whose queries in Flink's dialect run for ever over streams, exactly once.
//!
//! Owns: the dialect (`sql`), the compiled form (`program`), the operators, their state and checkpoints (`run`), and the
//! life of an application (`Catalog`, [`Analytics`]). Refuses: HTTP, AWS shapes, destinations other than streams.
//! Read [`Analytics`] for the operations, `sql/mod.rs` for what a text means, `run/mod.rs` for how it runs.

mod catalog;
mod command;
mod error;
mod functions;
mod program;
mod run;
mod service;
mod sql;
mod time_text;

pub use catalog::{Application, Catalog};
pub use command::Definition;
pub use error::AnalyticsError;
pub use service::{Analytics, ApplicationPage, Described, Parts, Stats, Status};
pub use sql::SqlError;
