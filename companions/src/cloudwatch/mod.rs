//! The metrics that KCL, KPL and other clients put, and the server's own: what CloudWatch is to them.
//!
//! Owns: series by scope, namespace, name and dimensions in buckets of a minute; their statistics; their partition of
//! the log. Refuses: alarms, percentiles, metric math, HTTP and AWS shapes.
//! Read [`CloudWatch`] for the calls, `store.rs` for what is kept and what is let go, `record.rs` for what is on disk.

mod datum;
mod error;
mod list;
mod metric;
mod record;
mod series;
mod service;
mod statistics;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod writer;

pub use datum::{Datum, DatumValue};
pub use error::CloudWatchError;
pub use list::{DimensionFilter, LIST_PAGE_MAX, ListFilter, MetricPage};
pub use metric::{Metric, Unit};
pub use record::METRICS_PARTITION;
pub use series::Point;
pub use service::{CloudWatch, Latest, Parts};
pub use statistics::{Datapoint, Period};
pub use stats::Stats;
pub use store::Limits;
