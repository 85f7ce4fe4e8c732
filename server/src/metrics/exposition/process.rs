//! The server itself: requests, connections, the log, the metrics that are kept.

use std::sync::atomic::Ordering;

use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use super::super::requests::{Outcome, Requests};
use super::{Labels, label};
use crate::app::App;

pub(super) fn encode(app: &App, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
    let version = vec![label("version", env!("CARGO_PKG_VERSION"))];
    encoder.encode_descriptor("thalweg_build", "The running version", None, MetricType::Info)?.encode_info(&version)?;

    let (appended, disk) = app.stored();
    let help = "Keys and values made durable since the start";
    encoder
        .encode_descriptor("thalweg_log_appended", help, Some(&Unit::Bytes), MetricType::Counter)?
        .encode_counter::<NoLabelSet, _, f64>(&appended, None)?;
    gauge(encoder, "thalweg_log_disk", "Files that hold records", Some(Unit::Bytes), disk)?;
    log_files(app, encoder)?;

    let (bytes, series) = app.cloudwatch.size();
    gauge(encoder, "thalweg_cloudwatch_memory", "What CloudWatch's series take", Some(Unit::Bytes), bytes as u64)?;
    gauge(encoder, "thalweg_cloudwatch_series", "Metrics that CloudWatch keeps", None, series as u64)?;

    let open = app.metrics.connections.load(Ordering::Relaxed);
    gauge(encoder, "thalweg_http_connections", "Connections that are open", None, open)?;
    requests(&app.metrics.requests, encoder)
}

/// What the log takes of the disk, and what its scrub found.
fn log_files(app: &App, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
    let (space, scrubbed) = app.log_files();
    for (name, help, bytes) in [
        ("thalweg_log_live", "About what of these files can still be read", space.live),
        ("thalweg_log_ready", "Empty files made ahead", space.ready),
        ("thalweg_log_retired", "Files of dead records, to be written again", space.retired),
    ] {
        gauge(encoder, name, help, Some(Unit::Bytes), bytes)?;
    }
    encoder
        .encode_descriptor("thalweg_log_scrubbed", "Read and found whole", Some(&Unit::Bytes), MetricType::Counter)?
        .encode_counter::<NoLabelSet, _, f64>(&scrubbed.bytes, None)?;
    let damaged = scrubbed.damaged.len() as u64;
    gauge(encoder, "thalweg_log_damaged_segments", "Files in which the scrub found damage", None, damaged)
}

fn gauge(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<Unit>,
    value: u64,
) -> Result<(), std::fmt::Error> {
    encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?.encode_gauge(&value)
}

fn requests(requests: &Requests, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
    let help = "Time from a verified request to its answer, by operation and whose fault it was";
    let mut family =
        encoder.encode_descriptor("thalweg_request_duration", help, Some(&Unit::Seconds), MetricType::Histogram)?;
    for ((service, operation), histograms) in requests.operations() {
        for (outcome, histogram) in Outcome::ALL.into_iter().zip(histograms.iter()) {
            let (seconds, count, buckets) = histogram.read();
            if count > 0 {
                let mut labels = operation_labels(service, operation);
                labels.push(label("outcome", outcome.as_str()));
                family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(seconds, count, &buckets, None)?;
            }
        }
    }
    let help = "Error answers, by operation and code";
    let mut family = encoder.encode_descriptor("thalweg_request_errors", help, None, MetricType::Counter)?;
    for ((service, operation, code), count) in requests.errors() {
        let mut labels = operation_labels(service, operation);
        labels.push(label("code", code));
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
    }
    Ok(())
}

fn operation_labels(service: &'static str, operation: &'static str) -> Labels<'static> {
    vec![label("service", service), label("operation", operation)]
}
