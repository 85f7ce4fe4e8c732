//! The consumers in this process, Firehose and SQL: how far they are behind, what they did, what failed.

use analytics::Stats as SqlStats;
use delivery::Stats as FirehoseStats;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;
use types::Scope;

use super::{Labels, label};
use crate::app::App;

/// Delivery streams, and as many applications, that are shown; those of the first names.
const SHOWN_MAX: usize = 500;

/// What they did, read before the text is written because reading waits for the log.
pub(super) struct Consumers {
    firehose: Vec<(Labels<'static>, FirehoseStats)>,
    sql: Vec<(Labels<'static>, SqlStats)>,
}

impl Consumers {
    pub(super) async fn read(app: &App) -> Self {
        let mut firehose = Vec::new();
        for (scope, name) in app.delivery.running().into_iter().take(SHOWN_MAX) {
            // One that was deleted meanwhile is not shown.
            if let Ok(stats) = app.delivery.stats(&scope, &name).await {
                firehose.push((labels(&scope, "delivery_stream", name.to_string()), stats));
            }
        }
        let running = app.analytics.running().into_iter().take(SHOWN_MAX);
        let sql = running.filter_map(|(scope, name)| {
            let stats = app.analytics.stats(&scope, &name).ok()?;
            Some((labels(&scope, "application", name.to_string()), stats))
        });
        Self { firehose, sql: sql.collect() }
    }

    pub(super) fn encode(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        self.firehose(encoder)?;
        self.sql(encoder)
    }

    fn firehose(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let waiting = "Durable records of a delivery stream that are not in a stored object";
        gauges(encoder, "thalweg_firehose_records_waiting", waiting, None, &self.firehose, |s| {
            s.records_waiting as f64
        })?;
        let age = "Age of the oldest record that a delivery stream holds in memory";
        gauges(encoder, "thalweg_firehose_oldest_record_age", age, Some(Unit::Seconds), &self.firehose, |stats| {
            stats.oldest_record_age.unwrap_or_default().as_secs_f64()
        })?;
        let taken = "Records taken by a delivery stream";
        counters(encoder, "thalweg_firehose_incoming_records", taken, &self.firehose, |stats| stats.records_in)?;
        let delivered = "Records of a delivery stream in stored objects";
        counters(encoder, "thalweg_firehose_delivered_records", delivered, &self.firehose, |s| s.records_delivered)?;
        let lost = "Records of a delivery stream that were given up";
        counters(encoder, "thalweg_firehose_lost_records", lost, &self.firehose, |stats| stats.records_lost)?;
        let failures = "Attempts to deliver that failed";
        counters(encoder, "thalweg_firehose_failures", failures, &self.firehose, |stats| stats.failures)
    }

    fn sql(&self, encoder: &mut DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let behind = "Durable records of an application's sources that it has not read";
        gauges(encoder, "thalweg_sql_records_behind", behind, None, &self.sql, |stats| stats.records_behind as f64)?;
        counters(encoder, "thalweg_sql_records_in", "Records read by an application", &self.sql, |s| s.records_in)?;
        counters(encoder, "thalweg_sql_rows_out", "Rows written by an application", &self.sql, |s| s.rows_out)?;
        let late = "Rows dropped by an application because their window had fired";
        counters(encoder, "thalweg_sql_late_rows", late, &self.sql, |stats| stats.late)?;
        let restarts = "Failures after which an application went on from its checkpoint";
        counters(encoder, "thalweg_sql_restarts", restarts, &self.sql, |stats| stats.restarts)
    }
}

fn labels(scope: &Scope, kind: &'static str, name: String) -> Labels<'static> {
    vec![label("account", scope.account.to_string()), label("region", scope.region.to_string()), label(kind, name)]
}

fn gauges<S>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    unit: Option<Unit>,
    rows: &[(Labels<'static>, S)],
    read: impl Fn(&S) -> f64,
) -> Result<(), std::fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), MetricType::Gauge)?;
    for (labels, stats) in rows {
        family.encode_family(labels)?.encode_gauge(&read(stats))?;
    }
    Ok(())
}

fn counters<S>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    rows: &[(Labels<'static>, S)],
    read: impl Fn(&S) -> u64,
) -> Result<(), std::fmt::Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    for (labels, stats) in rows {
        family.encode_family(labels)?.encode_counter::<NoLabelSet, _, f64>(&read(stats), None)?;
    }
    Ok(())
}
