//! CloudWatch (`GraniteServiceVersion20100801`), the part that KCL, KPL and dashboards call: one file for each operation.
//! See `api/mod.rs` for how one is added, `shapes.rs` for what several share.
//!
//! Whoever reads waits for the server's own figures to be flushed first, so that an answer tells every call before it.

mod get_metric_data;
mod get_metric_statistics;
mod list_metrics;
mod put_metric_data;
mod shapes;

crate::api::operations! {
    GetMetricData => get_metric_data,
    GetMetricStatistics => get_metric_statistics,
    ListMetrics => list_metrics,
    PutMetricData => put_metric_data,
}
