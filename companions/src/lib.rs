//! The small part of DynamoDB, CloudWatch and STS that KCL, KPL and the SDKs call, so that one endpoint serves them alone.
//!
//! Owns: tables of leases with conditional writes, the metrics that clients put, who the caller is. Refuses: being a
//! general DynamoDB; HTTP and AWS shapes.
//!
//! Read [`Catalog`] and `dynamodb/mod.rs` for the tables, `cloudwatch/mod.rs` for the metrics, which are no commands.

mod catalog;
pub mod cloudwatch;
mod command;
pub mod dynamodb;
mod error;

pub use catalog::Catalog;
pub use command::CompanionsCommand;
pub use error::{CancellationReason, CompanionsError};
