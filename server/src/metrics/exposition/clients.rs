//! What KCL, KPL and others put to CloudWatch: the newest minute of each series, as gauges.
//!
//! Only series that were put in the last quarter of an hour, and at most [`SERIES_MAX`] of them. A dimension becomes a
//! label `dimension_NAME` with what a label cannot hold replaced by `_`; two dimensions that become the same are told
//! apart by a number.

use std::collections::BTreeMap;
use std::time::Duration;

use companions::cloudwatch::{Latest, Metric, Stats};
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;

use super::super::figures::NAMESPACE;
use super::{Labels, label};
use crate::app::App;

const SERIES_MAX: usize = 2_000;
const RECENT: Duration = Duration::from_secs(15 * 60);

/// A family's name, what it tells and how it is read from a minute.
type Family = (&'static str, &'static str, fn(&Stats) -> f64);

const FAMILIES: [Family; 4] = [
    ("cloudwatch_metric_sum", "Sum of the samples of a client's metric in its newest minute", |stats| stats.sum),
    ("cloudwatch_metric_samples", "Samples of a client's metric in its newest minute", |stats| stats.count),
    ("cloudwatch_metric_minimum", "Smallest sample of a client's metric in its newest minute", |stats| stats.minimum),
    ("cloudwatch_metric_maximum", "Largest sample of a client's metric in its newest minute", |stats| stats.maximum),
];

pub(super) fn encode(app: &App, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
    let is_clients = |metric: &Metric| metric.namespace != NAMESPACE;
    let latest = app.cloudwatch.latest(app.clock.now().before(RECENT), SERIES_MAX, is_clients);
    // A map, because a series that stands there twice spoils the whole scrape.
    let labelled: BTreeMap<_, _> = latest.iter().map(|latest| (labels(latest), latest.stats)).collect();
    for (name, help, read) in FAMILIES {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, stats) in &labelled {
            family.encode_family(labels)?.encode_gauge(&read(stats))?;
        }
    }
    Ok(())
}

fn labels(latest: &Latest) -> Labels<'_> {
    let metric = &latest.metric;
    let mut labels = vec![
        label("account", latest.scope.account.as_str()),
        label("region", latest.scope.region.as_str()),
        label("namespace", &*metric.namespace),
        label("metric", &*metric.name),
        label("unit", latest.unit.as_str()),
    ];
    for (name, value) in metric.dimensions() {
        let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
        let mut key = format!("dimension_{plain}");
        if labels.iter().any(|(known, _)| *known == key) {
            key = format!("{key}_{}", labels.len());
        }
        labels.push((key.into(), value.into()));
    }
    labels
}
